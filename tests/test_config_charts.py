"""Credentials of chart hosts in the configuration."""

import base64
from pathlib import Path

import pytest

from bot.config import ConfigInvalid, load, load_credentials
from tests.test_config import ENVIRON, MINIMAL, problems, write

PASSWORD = "pass-of-the-charts"
HERE = {**ENVIRON, "CHARTS": PASSWORD, "SHORT": "abc"}
LOGIN = "{host: Charts.example.com, username: robot, password: {env: CHARTS}}"
OTHER = "{host: 'charts.example.com:8443', username: robot, password: {file: password}}"


def configured(*logins: str) -> str:
    return f"{MINIMAL}charts: {{credentials: [{', '.join(logins)}]}}\n"


def test_each_host_has_its_own_and_a_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("the-first-one\n")
    config = load(write(tmp_path, configured(LOGIN, OTHER)), HERE)
    one, other = config.charts.logins
    assert (one.host, other.host) == ("charts.example.com:443", "charts.example.com:8443")
    assert one.basic == "Basic " + base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
    (tmp_path / "password").write_text("the-second-one, which is longer\n")
    assert other.password() == "the-second-one, which is longer"


def test_the_log_knows_the_passwords_and_nothing_shows_them(tmp_path: Path) -> None:
    config = load(write(tmp_path, configured(LOGIN)), HERE)
    encoded = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
    assert {PASSWORD, encoded} <= set(config.secrets)
    shown = f"{config!r} {config} {config.charts.logins!r} {config.model_dump_json()}"
    assert [it for it in (PASSWORD, encoded) if it in shown] == []


@pytest.mark.parametrize(
    ("login", "says"),
    [
        ("{host: a.example, username: robot, password: in-the-clear}", "a secret is never written here"),
        ("{host: a.example, username: robot, password: {env: SHORT}}", "shorter than 6 characters"),
        ("{host: a.example, username: robot, password: {env: GONE}}", "GONE is not set"),
        (
            "{host: 'https://a.example/x', username: robot, password: {env: CHARTS}}",
            "expected host or host:p",
        ),
        ("{host: a.example, username: 'a:b', password: {env: CHARTS}}", "user name without colons"),
        ("{host: a.example, user: robot, password: {env: CHARTS}}", "did you mean username?"),
        (f"{LOGIN}, {{host: 'charts.example.com:443', username: x, password: {{env: CHARTS}}}}", "one entry"),
    ],
    ids=["clear", "short", "unset", "address", "colon", "unknown key", "twice"],
)
def test_what_is_wrong_is_said_without_the_secret(tmp_path: Path, login: str, says: str) -> None:
    said = problems(tmp_path, configured(login), HERE)
    assert any(says in line for line in said), said
    assert [line for line in said if PASSWORD in line or "in-the-clear" in line] == []


def test_a_file_of_credentials_alone_is_read_under_the_same_rules(tmp_path: Path) -> None:
    file = tmp_path / "charts.yaml"
    file.write_text(f"credentials:\n  - {LOGIN}\n")
    (one,) = load_credentials(file, HERE)
    assert (one.host, one.password()) == ("charts.example.com:443", PASSWORD)
    file.write_text("credentials:\n  - {host: a.example, usernam: x, password: {env: CHARTS}}\n")
    with pytest.raises(ConfigInvalid, match=r"line 2: .*did you mean username"):
        load_credentials(file, HERE)
