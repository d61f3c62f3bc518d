"""What a person reads after a mistake, and the exit code."""

from pathlib import Path

import pytest

from tests.cli.conftest import Purser, write
from tests.e2e.files import VALUES, project_files

pytestmark = pytest.mark.asyncio(loop_scope="session")
APPS = ".gitlab/managed-apps/config.yaml"
FIVE_MISTAKES = """\
version: 1
gitlab: {url: gitlab.example.com, token: glpat-in-plain-text}
webhook: {token: {env: HOOK_TOKEN}}
log: {levle: debug}
projects:
  - path: cluster
    targets: [{name: Production}]
"""
ALL_FIVE = """\
purser.yaml has 5 problems:
  line 2: gitlab.url: expected an address such as https://gitlab.example.com
  line 2: gitlab.token: a secret is never written here: use {env: NAME} or {file: PATH}
  line 4: log.levle: unknown key (did you mean level?)
  line 6: projects[0].path: expected the project's path with its namespace, such as platform/cluster
  line 7: projects[0].targets[0].name: expected up to 63 lower-case letters, digits, dots and dashes, \
such as production
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "celium:\n  installed: true\n",
            [f"{APPS}:1: `celium` is no app that is known.", "Did you mean `cilium`?"],
        ),
        (
            'cilium:\n  installed: "yes"\n',
            [f'{APPS}:2: `installed` takes true or false, not the text "yes".'],
        ),
        ("cilium:\n\tinstalled: true\n", [f"{APPS}:2: This line is indented with a tab"]),
        ("", [f"{APPS}: This file is empty; it should hold the apps of the cluster"]),
        ("# " + "x" * 5_000_000, [f"{APPS}: This file is larger than"]),
    ],
    ids=["a misspelt app", 'installed: "yes"', "tabs", "empty", "5 MB"],
)
async def test_a_mistake_in_config_yaml_names_file_and_line(
    purser: Purser, tmp_path: Path, text: str, said: list[str]
) -> None:
    write(tmp_path / "checkout", {APPS: text})
    ran = await purser("plan", "checkout", environment={"COLUMNS": "400"})
    assert ran.code == 1
    assert [sentence in ran.out for sentence in said] == [True] * len(said), ran.out
    assert "No seal: this plan cannot be applied." in ran.out


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({VALUES: None}, "values/web.yaml: There is no values file here. releases.yaml:7 names it."),
        ({VALUES: "- a\n- b\n"}, "values/web.yaml:1: "),
        (
            {"charts/web/templates/all.yaml": "{{ .Values.color | nosuchfunction }}"},
            'function "nosuchfunction" not defined',
        ),
        ({"charts/web/templates/all.yaml": "{{ fail `no color was given` }}"}, "no color was given"),
        ({"charts/web/Chart.yaml": "name: [\n"}, "Chart.yaml"),
        ({"charts/web/templates/all.yaml": "a: [\n"}, "web/templates/all.yaml"),
    ],
    ids=[
        "missing values",
        "values that are a list",
        "no such function",
        "fail",
        "broken Chart.yaml",
        "broken YAML",
    ],
)
async def test_a_mistake_in_values_or_chart_names_the_file(
    purser: Purser, tmp_path: Path, files: dict[str, str | None], said: str
) -> None:
    whole = {**project_files("cli-mistakes"), **files}
    write(tmp_path / "checkout", {name: text for name, text in whole.items() if text is not None})
    ran = await purser("plan", "checkout", environment={"COLUMNS": "400"})
    assert ran.code == 1
    assert said in ran.out, ran.out
    assert "Traceback" not in ran.out + ran.err


async def test_a_folder_that_is_no_checkout_is_said(purser: Purser, tmp_path: Path) -> None:
    missing = await purser("plan", "nowhere")
    assert (missing.code, missing.err) == (1, "purser: There is no directory nowhere. Name a checkout.\n")
    write(tmp_path / "empty", {"README.md": "Words.\n"})
    empty = await purser("plan", "empty", environment={"COLUMNS": "400"})
    assert empty.code == 1
    assert "releases.yaml" in empty.out
    assert APPS in empty.out


async def test_a_cluster_that_is_not_there_is_said(purser: Purser, tmp_path: Path) -> None:
    write(tmp_path / "checkout", project_files("cli-gone"))
    missing = await purser("plan", "checkout", "--kubeconfig", "nowhere.yaml")
    assert missing.code == 1
    assert "nowhere.yaml" in missing.out
    assert "Traceback" not in missing.out + missing.err


async def test_a_configuration_with_five_mistakes_lists_all_five(purser: Purser, tmp_path: Path) -> None:
    write(tmp_path, {"purser.yaml": FIVE_MISTAKES})
    known = {"HOOK_TOKEN": "a-token-for-hooks"}
    checked = await purser("config", "check", "purser.yaml", environment=known)
    served = await purser("serve", "--config", "purser.yaml", environment=known)
    assert (checked.code, checked.out, checked.err) == (1, ALL_FIVE, "")
    assert (served.code, served.out, served.err) == (1, "", ALL_FIVE)


async def test_a_good_configuration_is_called_good(purser: Purser, tmp_path: Path) -> None:
    good = """\
version: 1
gitlab: {url: "https://gitlab.example.com", token: {env: GITLAB_TOKEN}}
webhook: {token: {env: HOOK_TOKEN}}
projects:
  - path: platform/cluster
    targets: [{name: production}]
"""
    write(tmp_path, {"purser.yaml": good})
    known = {"GITLAB_TOKEN": "glpat-example", "HOOK_TOKEN": "a-token-for-hooks"}
    ran = await purser("config", "check", "purser.yaml", environment=known)
    assert (ran.code, ran.out) == (0, "purser.yaml: all well. Targets: platform/cluster -> production\n")
    without = await purser("config", "check", "purser.yaml")
    assert without.code == 1
    assert "GITLAB_TOKEN" in without.out
    assert "HOOK_TOKEN" in without.out
