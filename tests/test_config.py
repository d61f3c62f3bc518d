"""The configuration file: what is accepted, and every problem that is said."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest
import yaml
from pydantic import BaseModel

from bot.config import Config, ConfigInvalid, load, schema

EXAMPLE = Path(__file__).parent.parent / "config" / "purser.example.yaml"
ENVIRON = {"PURSER_GITLAB_TOKEN": "glpat-example", "PURSER_WEBHOOK_TOKEN": "a-webhook-token"}
MINIMAL = """\
version: 1
gitlab:
  url: https://gitlab.example.com
  token: {env: PURSER_GITLAB_TOKEN}
webhook:
  token: {env: PURSER_WEBHOOK_TOKEN}
projects:
  - path: platform/cluster
    targets:
      - name: production
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "purser.yaml"
    path.write_text(text)
    return path


def problems(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigInvalid) as refused:
        load(write(tmp_path, text), ENVIRON if environ is None else environ)
    return [str(problem) for problem in refused.value.problems]


def keys_of(model: type[BaseModel], path: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield path + name
        kinds = [field.annotation, *get_args(field.annotation)]
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from keys_of(kind, f"{path}{name}.")


def keys_in(data: Any, path: str = "") -> Iterator[str]:
    match data:
        case dict():
            for name, value in data.items():
                yield path + name
                yield from keys_in(value, f"{path}{name}.")
        case list():
            for value in data:
                yield from keys_in(value, path)


def test_a_file_of_ten_lines_is_enough(tmp_path: Path) -> None:
    config = load(write(tmp_path, MINIMAL), ENVIRON)
    assert len(MINIMAL.splitlines()) == 10
    assert config.gitlab.token.get_secret_value() == "glpat-example"
    assert [(target.project, target.name, target.layout) for target in config.targets] == [
        ("platform/cluster", "production", "auto")
    ]
    assert str(config.listen) == "127.0.0.1:8080"
    assert config.database_url.endswith("purser-data/purser.db")


def test_the_example_loads_and_says_the_defaults(tmp_path: Path) -> None:
    assert load(EXAMPLE, ENVIRON) == load(write(tmp_path, MINIMAL), ENVIRON)


def test_the_example_shows_every_key() -> None:
    """What only stands in a list that is empty by default is shown in the comment above it."""
    text = EXAMPLE.read_text()
    missing = set(keys_of(Config)) - set(keys_in(yaml.safe_load(text)))
    comments = " ".join(line for line in text.splitlines() if line.lstrip().startswith("#"))
    assert {key for key in missing if f"{key.rpartition('.')[2]}: " not in comments} == set()


def test_the_example_explains_every_key() -> None:
    lines = EXAMPLE.read_text().splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if ":" in line and not line.lstrip().startswith("#") and not before.strip().startswith("#")
    ]
    sections = {"metrics:", "log:", "charts:", "helm:", "commands:", "render_memory: 1024"}
    assert [line for line in bare if line.strip() not in sections] == []


def test_the_schema_accepts_the_example_and_nothing_unknown() -> None:
    validator = jsonschema_rs.validator_for(schema())
    example = yaml.safe_load(EXAMPLE.read_text())
    assert list(validator.iter_errors(example)) == []
    assert not validator.is_valid({**example, "listn": "127.0.0.1:1"})
    assert not validator.is_valid({**example, "gitlab": {**example["gitlab"], "token": "plain"}})


def test_five_mistakes_are_all_listed_with_line_and_hint(tmp_path: Path) -> None:
    text = """\
version: 2
gitlab:
  url: gitlab
  token: glpat-plainplainplain
  tokn: x
webhook: {}
projects:
  - path: platform/cluster
    targets:
      - name: production
      - name: production
        deploy: {mod: pipeline}
listn: 127.0.0.1:80
"""
    assert problems(tmp_path, text) == [
        "line 1: version: input should be 1",
        "line 3: gitlab.url: expected an address such as https://gitlab.example.com",
        "line 4: gitlab.token: a secret is never written here: use {env: NAME} or {file: PATH}",
        "line 5: gitlab.tokn: unknown key (did you mean token?)",
        "line 6: webhook: needs token or signing_tokens, or both",
        "line 11: projects[0].targets[1].name: the same as that of projects[0].targets[0]",
        "line 12: projects[0].targets[1].deploy.mod: unknown key (did you mean mode?)",
        "line 13: listn: unknown key (did you mean listen?)",
    ]


MISTAKES = {
    "a missing key is named": (
        "version: 1\n",
        "",
        "version: is missing",
    ),
    "a variable that is not set is named": (
        "{env: PURSER_GITLAB_TOKEN}",
        "{env: NOWHERE}",
        "line 4: gitlab.token: the environment variable NOWHERE is not set",
    ),
    "a file that is not there is named": (
        "{env: PURSER_GITLAB_TOKEN}",
        "{file: nowhere}",
        "line 4: gitlab.token: the file nowhere cannot be read: No such file or directory",
    ),
    "a secret has one source": (
        "{env: PURSER_GITLAB_TOKEN}",
        "{env: A, file: B}",
        "line 4: gitlab.token: expected {env: NAME} or {file: PATH}",
    ),
    "a project needs its namespace": (
        "platform/cluster",
        "cluster",
        "line 8: projects[0].path: expected the project's path with its namespace, such as platform/cluster",
    ),
    "a target's name fits a status": (
        "name: production",
        "name: Prod Uction",
        "line 10: projects[0].targets[0].name: expected up to 63 lower-case letters, digits, dots and dashes",
    ),
    "no password in GitLab's address": (
        "https://gitlab.example.com",
        "https://bot:pw@gitlab.example.com",
        "line 3: gitlab.url: an address without user, password, query or fragment is expected",
    ),
    "an address needs a port": (
        "projects:\n",
        "listen: nowhere\nprojects:\n",
        "line 7: listen: expected host:port, such as 127.0.0.1:8080",
    ),
    "a port has a limit": (
        "projects:\n",
        "listen: 1:70000\nprojects:\n",
        "line 7: listen: expected host:port, such as 127.0.0.1:8080",
    ),
    "a key that stands twice is refused": (
        "projects:\n",
        "gitlab: {}\nprojects:\n",
        "line 7: gitlab: stands twice, first in line 2",
    ),
    "a role for no command is refused": (
        "projects:\n",
        "commands: {roles: {plann: owner}}\nprojects:\n",
        "there is no command plann",
    ),
    "no password in the database's address": (
        "projects:\n",
        "database: {url: 'postgresql://u:p@h/d'}\nprojects:\n",
        "line 7: database.url: it holds a password",
    ),
    "only databases that we know": (
        "projects:\n",
        "database: {url: 'mysql://h/d'}\nprojects:\n",
        "line 7: database.url: expected an address that begins with sqlite: or postgresql:",
    ),
    "a worker at least": (
        "projects:\n",
        "helm: {workers: 0}\nprojects:\n",
        "line 7: helm.workers: input should be greater than or equal to 1",
    ),
    "tabs are named": (
        "  url:",
        "\turl:",
        "indent with spaces, not tabs",
    ),
}


@pytest.mark.parametrize(("replaced", "by", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_said_where_it_is(tmp_path: Path, replaced: str, by: str, said: str) -> None:
    found = problems(tmp_path, MINIMAL.replace(replaced, by))
    assert any(said in problem for problem in found), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "expected a mapping that begins with version: 1", id="an empty file"),
        pytest.param("- a\n", "expected a mapping that begins with version: 1", id="a list"),
        pytest.param("a: [1\n", "line 2: ", id="no YAML"),
        pytest.param("a: &x [*x]\n", "", id="a list in itself"),
        pytest.param("[" * 3_000, "", id="brackets without end"),
        pytest.param("a: " + "x" * 2_000_000, "the file is larger than", id="two megabytes"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in problems(tmp_path, text)[0]


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="No such file"):
        load(tmp_path / "nowhere.yaml", {})
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigInvalid, match="not UTF-8"):
        load(tmp_path / "binary.yaml", {})


def test_a_secret_can_stand_in_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("glpat-from-file\n")
    config = load(write(tmp_path, MINIMAL.replace("{env: PURSER_GITLAB_TOKEN}", "{file: token}")), ENVIRON)
    assert config.gitlab.token.get_secret_value() == "glpat-from-file"
    assert "glpat-from-file" not in repr(config)


def test_a_secret_that_is_replaced_in_its_file_counts_at_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("glpat-old-token\n")
    config = load(write(tmp_path, MINIMAL.replace("{env: PURSER_GITLAB_TOKEN}", "{file: token}")), ENVIRON)
    read = config.gitlab.token.get_secret_value
    file.unlink()
    assert read() == "glpat-old-token"
    file.write_text("")
    assert read() == "glpat-old-token"
    file.write_text("glpat-new-token\n")
    assert read() == "glpat-new-token"
    assert "glpat" not in repr(config)


def test_no_problem_quotes_a_secret(tmp_path: Path) -> None:
    text = MINIMAL.replace("{env: PURSER_GITLAB_TOKEN}", "hunter2hunter2").replace(
        "projects:", "database: {url: 'postgresql://u:hunter2hunter2@h/d'}\nprojects:"
    )
    assert "hunter2" not in "\n".join(problems(tmp_path, text))


def test_every_secret_is_known_to_the_scrubber(tmp_path: Path) -> None:
    text = MINIMAL.replace("projects:", "database: {url: {env: DB}}\nprojects:")
    config = load(write(tmp_path, text), {**ENVIRON, "DB": "postgresql://u:db-password@h/d"})
    assert set(config.secrets) == {"glpat-example", "a-webhook-token", "db-password"}
    assert config.database_url == "postgresql://u:db-password@h/d"


def test_a_signing_token_must_hold_a_key(tmp_path: Path) -> None:
    text = MINIMAL.replace("webhook:\n", "webhook:\n  signing_tokens: [{env: SIGN}]\n")
    assert "whsec_ and base64" in problems(tmp_path, text, {**ENVIRON, "SIGN": "whsec_!!"})[0]
    good = load(write(tmp_path, text), {**ENVIRON, "SIGN": "whsec_" + "QUFB" * 11})
    assert len(good.webhook.signing_tokens) == 1


def test_the_settings_of_a_target_win_over_those_of_all(tmp_path: Path) -> None:
    text = MINIMAL + "        roles: {plan: owner}\n" + "commands: {roles: {plan: reporter, deploy: owner}}\n"
    config = load(write(tmp_path, text), ENVIRON)
    assert config.least_role("plan", "platform/cluster", "production") == "owner"
    assert config.least_role("plan", "platform/cluster") == "reporter"
    assert config.least_role("deploy", "platform/cluster", "production") == "owner"
    assert config.least_role("help", "platform/cluster") == "reporter"


def test_a_mode_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    text = MINIMAL.replace("- name: production", "- {name: production, deploy: {mode: magic}}")
    (said,) = problems(tmp_path, text)
    assert said.startswith("line 10: projects[0].targets[0].deploy.mode: ")
    assert "pipeline" in said


@pytest.mark.parametrize(
    "host",
    ["https://web:not-a-real-login@charts.example.com", "web:not-a-real-login@charts.example.com", "a b", ""],
)
def test_a_host_of_charts_is_a_host_and_what_was_written_instead_is_not_repeated(
    tmp_path: Path, host: str
) -> None:
    [said] = problems(tmp_path, f"{MINIMAL}charts:\n  allowed_hosts: ['{host}']\n")
    assert "expected host or host:port" in said
    assert "not-a-real-login" not in said


def test_hosts_of_charts_may_have_a_port_or_be_an_address(tmp_path: Path) -> None:
    hosts = ["charts.example.com", "charts.example.com:8443", "10.0.0.7:80", "[::1]:8080", "localhost:5000"]
    config = load(write(tmp_path, f"{MINIMAL}charts: {{allowed_hosts: {json.dumps(hosts)}}}\n"), ENVIRON)
    assert list(config.charts.allowed_hosts) == hosts
