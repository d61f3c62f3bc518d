"""The verification of a target in the configuration."""

from pathlib import Path

import pytest

from bot.config import load
from bot.core.verify.rules import HttpProbe, PromProbe, VerifyRules
from tests.test_config import ENVIRON, MINIMAL, problems, write

PROBES = """\
        verify:
          deadline: 90s
          settle: 2m
          probes:
            - {kind: http, name: shop, url: "https://shop.example.com/health?deep=1", contains: ok}
            - kind: promql
              name: drops
              prometheus: http://10.0.0.9:9090/prometheus/
              query: sum(x)
              expect: "<=  -0.5e1"
              compare: before
              required: true
              attempts: 2
              token: {env: PROMETHEUS_TOKEN}
"""


def test_probes_become_rules_and_private_addresses_are_fine(tmp_path: Path) -> None:
    config = load(write(tmp_path, MINIMAL + PROBES), {**ENVIRON, "PROMETHEUS_TOKEN": "a-secret-token"})
    rules = config.targets[0].verify
    shop, drops = rules.probes
    assert (rules.deadline, rules.settle) == (90.0, 120.0)
    assert shop == HttpProbe("shop", "https://shop.example.com/health?deep=1", 200, "ok")
    assert isinstance(drops, PromProbe)
    assert (drops.prometheus, drops.operator, drops.threshold) == (
        "http://10.0.0.9:9090/prometheus",
        "<=",
        -5.0,
    )
    assert (drops.compare, drops.required, drops.asking.attempts) == (True, True, 2)
    assert drops.asking.token is not None
    assert drops.asking.token() == "a-secret-token"
    assert "a-secret-token" in config.secrets
    assert "a-secret-token" not in repr(config.targets)


def test_without_a_word_there_are_ten_minutes_and_no_probes(tmp_path: Path) -> None:
    assert load(write(tmp_path, MINIMAL), ENVIRON).targets[0].verify == VerifyRules(600.0, 0.0, ())


@pytest.mark.parametrize(
    ("verify", "said"),
    [
        ("deadline: 10", "expected a duration such as 30s, 10m or 1h, a day at most"),
        ("deadline: 25h", "expected a duration such as 30s, 10m or 1h, a day at most"),
        ("probes: [{kind: smtp, name: a}]", "smtp"),
        ('probes: [{kind: http, name: a, url: "ftp://x"}]', "expected an address such as"),
        ('probes: [{kind: http, name: a, url: "http://u:p@x"}]', "without user and password"),
        (
            'probes: [{kind: promql, name: a, prometheus: "http://x", query: y, expect: "= 1"}]',
            "expected a comparison with a number",
        ),
        (
            'probes: [{kind: http, name: a, url: "http://x", token: plain}]',
            "a secret is never written here",
        ),
        (
            'probes: [{kind: http, name: a, url: "http://x"}, {kind: http, name: a, url: "http://y"}]',
            "each probe needs a name of its own",
        ),
    ],
)
def test_mistakes_are_said(tmp_path: Path, verify: str, said: str) -> None:
    found = problems(tmp_path, f"{MINIMAL}        verify:\n          {verify}\n")
    assert any(said in problem for problem in found), found
    assert not any("plain" in problem and "token: plain" in problem for problem in found)
