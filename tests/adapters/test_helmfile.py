"""The real helmfile program in its seal; skipped where it is not installed."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.adapters.checkout import DirectoryCheckout
from bot.adapters.helmfile import BuildLimits, SealedHelmfile
from bot.core.layouts import Catalogue, read
from bot.core.model import DesiredState, Target
from tests.cluster.tools import find, helmfile

PROGRAM = helmfile()
HELM = find("helm") or shutil.which("helm")

pytestmark = [
    pytest.mark.skipif(PROGRAM is None or HELM is None, reason="there is no helmfile or no helm"),
    pytest.mark.long,
]

STATIC = """
repositories: [{name: stable, url: "https://charts.example.com"}]
releases:
"""
UNREAD = '{{ regexFindAll "a" "banana" -1 | len }}'
"""What the reader cannot follow, and helmfile can: 3."""


def wanted(
    root: Path,
    files: Mapping[str, str],
    variables: Mapping[str, str] | None = None,
    limits: BuildLimits | None = None,
) -> DesiredState:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    target = Target("t", "p", layout="helmfile", variables=variables or {})
    program = SealedHelmfile(str(PROGRAM), str(HELM), limits)
    return read(DirectoryCheckout(str(root)), target, Catalogue({}, program))


def release(values: str, **more: str) -> str:
    lines = [f"  {key}: {value}" for key, value in more.items()]
    head = f"{STATIC}- name: web\n  namespace: web\n  chart: stable/web\n  version: 1.2.3\n"
    return head + "\n".join([*lines, f"  values: {values}\n"])


def errors(state: DesiredState) -> list[str]:
    return [finding.message for finding in state.findings if finding.level == "error"]


def test_what_the_reader_cannot_follow_is_evaluated(tmp_path: Path) -> None:
    state = wanted(
        tmp_path,
        {
            "helmfile.yaml.gotmpl": release(f"[v.yaml.gotmpl, plain.yaml, {{own: {UNREAD}}}]"),
            "v.yaml.gotmpl": f"name: {{{{ .Release.Name }}}}-{UNREAD}",
            "plain.yaml": "flag: yes",
        },
    )
    assert [one.key for one in state.releases] == ["web/web"]
    assert state.releases[0].values == {"name": "web-3", "flag": True, "own": 3}
    assert [one.code for one in state.findings] == ["helmfile-program"]


def test_nested_helmfiles_keep_their_places(tmp_path: Path) -> None:
    below = f"releases:\n- name: api\n  namespace: web\n  chart: ../chart\n  values: [{{n: {UNREAD}}}]\n"
    state = wanted(
        tmp_path,
        {
            "helmfile.yaml": "helmfiles: [{path: apps/helmfile.yaml.gotmpl}]\n",
            "apps/helmfile.yaml.gotmpl": below,
            "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 0.1.0\n",
        },
    )
    assert errors(state) == []
    assert [(one.key, one.chart.path, dict(one.values)) for one in state.releases] == [  # type: ignore[union-attr]
        ("web/api", "chart", {"n": 3})
    ]


def test_a_variable_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    files = {"helmfile.yaml.gotmpl": release(f'[{{n: {UNREAD}, e: {{{{ env "SIZE" | quote }}}}}}]')}
    assert any("SIZE is not among" in one for one in errors(wanted(tmp_path, files)))
    state = wanted(tmp_path, files, {"SIZE": "big"})
    assert errors(state) == []
    assert state.releases[0].values == {"n": 3, "e": "big"}


def test_a_word_whose_quotes_cannot_be_told_is_named(tmp_path: Path) -> None:
    files = {"helmfile.yaml.gotmpl": release("[v.yaml.gotmpl]"), "v.yaml.gotmpl": f"n: {UNREAD}\non_: yes"}
    assert any("`yes`" in one for one in errors(wanted(tmp_path, files)))


def test_random_values_are_refused(tmp_path: Path) -> None:
    files = {"helmfile.yaml.gotmpl": release(f"[{{n: {UNREAD}, r: {{{{ randAlphaNum 8 }}}}}}]")}
    assert any("`randAlphaNum` gives another value" in one for one in errors(wanted(tmp_path, files)))


@pytest.mark.parametrize(
    "action",
    [
        '{{ exec "/bin/cat" (list "/etc/passwd") }}',
        '{{ exec "./steal.sh" (list) }}',
        '{{ envExec (dict) "/bin/cat" (list "/etc/passwd") }}',
        '{{ readFile "/etc/passwd" }}',
        '{{ readFile ".git/config" }}',
        '{{ readFile "../outside" }}',
        '{{ "ref+file:///etc/passwd" | fetchSecretValue }}',
        '{{ "ref+file://.git/config" | fetchSecretValue }}',
        '{{ "ref+file://link/etc/passwd" | fetchSecretValue }}',
        '{{ "ref+http://127.0.0.1:80/x" | fetchSecretValue }}',
        '{{ "ref+exec:///bin/cat?/etc/passwd" | fetchSecretValue }}',
    ],
)
def test_an_attack_gets_nothing_out(tmp_path: Path, action: str) -> None:
    root = tmp_path / "checkout"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "config").write_text("a: STOLEN", encoding="utf-8")
    (tmp_path / "outside").write_text("a: STOLEN", encoding="utf-8")
    (root / "link").symlink_to("/")
    (root / "steal.sh").write_text("#!/bin/sh\necho STOLEN\n", encoding="utf-8")
    (root / "steal.sh").chmod(0o755)
    state = wanted(
        root, {"helmfile.yaml.gotmpl": release(f"[{{n: {UNREAD}, x: {{{{ {action[3:-3]} | quote }}}}}}]")}
    )
    assert errors(state)
    assert "STOLEN" not in str(state)
    assert "root:" not in str(state)


def test_the_environment_of_the_bot_is_not_there(tmp_path: Path) -> None:
    files = {
        "helmfile.yaml.gotmpl": release(
            f'[{{n: {UNREAD}, p: "{{{{ requiredEnv `PYTEST_CURRENT_TEST` }}}}"}}]'
        )
    }
    assert os.environ["PYTEST_CURRENT_TEST"]
    state = wanted(tmp_path, files)
    assert any("PYTEST_CURRENT_TEST" in one for one in errors(state))
    assert "test_helmfile.py" not in str(state)


@pytest.mark.parametrize(
    "remote", ["git::https://example.com/x.git@helmfile.yaml?ref=main", "https://example.com/h.yaml"]
)
def test_nothing_is_fetched(tmp_path: Path, remote: str) -> None:
    files = {"helmfile.yaml.gotmpl": f"helmfiles: [{{path: '{remote}'}}]\n{release(f'[{{n: {UNREAD}}}]')}"}
    assert errors(wanted(tmp_path, files))


def test_a_hook_is_not_run(tmp_path: Path) -> None:
    hook = "[{events: [prepare], command: /bin/touch, args: [made]}]"
    state = wanted(tmp_path, {"helmfile.yaml.gotmpl": release(f"[{{n: {UNREAD}}}]", hooks=hook)})
    assert any("hooks are disabled" in one for one in errors(state))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "action",
    [
        "{{ range until 100000000 }}{{ range until 100000000 }}{{ end }}{{ end }}",
        '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}',
        '{{ repeat 1000000000 "aaaaaaaaaa" | len }}',
    ],
)
def test_what_does_not_end_is_ended(tmp_path: Path, action: str) -> None:
    limits = BuildLimits(memory=512 * 1024 * 1024, cpu_seconds=4, wall_seconds=40)
    state = wanted(
        tmp_path, {"helmfile.yaml.gotmpl": f"{action}\n{release(f'[{{n: {UNREAD}}}]')}"}, limits=limits
    )
    assert errors(state)
    assert not state.releases
    again = wanted(tmp_path, {"helmfile.yaml.gotmpl": release(f"[{{n: {UNREAD}}}]")})
    assert again.releases[0].values == {"n": 3}


def test_a_variable_that_steers_the_program_is_refused(tmp_path: Path) -> None:
    files = {"helmfile.yaml.gotmpl": release(f"[{{n: {UNREAD}}}]")}
    state = wanted(tmp_path, files, {"LD_PRELOAD": "/tmp/x.so"})
    assert any("LD_PRELOAD" in one for one in errors(state))
    state = wanted(tmp_path, files, {"HELMFILE_DISABLE_INSECURE_FEATURES": "false"})
    assert errors(state) == []
