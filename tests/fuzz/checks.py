# ruff: noqa: E501 (inputs, a line each)
"""For each reader of foreign text: what must hold of any input, and real inputs to begin with."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.command import COMMANDS, MOST_COMMANDS, Command, Malformed, Unknown, parse
from bot.core.errors import AuthorError, Where
from bot.core.layouts import parse_catalogue, read
from bot.core.layouts.helmfile_yaml import read_documents
from bot.core.manifest import documents, load
from bot.core.model import DesiredState, Target
from bot.core.values import read_values
from bot.core.webhook.intake import works
from bot.core.work import from_json, to_json
from tests.core.layouts.helmfile_cases import CASES, CHART, CHART_TEXT
from tests.core.layouts.tree import CATALOGUE_TEXT, catalogue, target
from tests.core.test_intake import merge_request, note
from tests.core.test_intake_payloads import SHARED
from tests.fuzz.files import packed, unpacked

HERE = Where("some.yaml")
CATALOGUE = catalogue()


@dataclass(frozen=True)
class Check:
    """`holds` raises for an input that breaks the reader; `seeds` are inputs as they come in real life."""

    holds: Callable[[str], None]
    seeds: tuple[str, ...]


def _clear(error: AuthorError) -> None:
    assert error.code
    assert error.what


def yaml_is_a_value_or_the_authors_error(text: str) -> None:
    """Every face of the loader: one document, objects, values, helmfile's dialect."""
    for reader in (
        lambda: load(text, where=HERE),
        lambda: documents(text),
        lambda: read_values(text, where=HERE),
        lambda: list(read_documents(text, "some.yaml")),
    ):
        try:
            found = reader()
        except AuthorError as error:
            _clear(error)
        else:
            json.dumps(found[0] if isinstance(found, tuple) else None, allow_nan=False)


def a_checkout_is_read_or_the_author_is_told(text: str) -> None:
    """`variables` as a helmfile project has them; whatever layout the files make."""
    variables = {"HELMFILE_RENDER_YAML": "true"} if "{{" in text else {}
    try:
        found = read(unpacked(text), target(variables=variables), CATALOGUE)
    except AuthorError as error:
        _clear(error)
        return
    assert isinstance(found, DesiredState)
    for release in found.releases:
        json.dumps(release.values, allow_nan=False)
        assert release.name
        assert release.timeout >= 0
    assert all(finding.message and finding.code for finding in found.findings)


def a_catalogue_is_read_or_the_author_is_told(text: str) -> None:
    try:
        parse_catalogue(CATALOGUE_TEXT, Where("bundled.yaml"), (text, Where("own.yaml")))
    except AuthorError as error:
        _clear(error)


def written(command: Command) -> str:
    """The canonical form: arguments, then options with `=`; free text stands last."""
    options = [f"--{name}={value}" if value else f"--{name}" for name, value in command.options.items()]
    free = COMMANDS[command.name].free_text
    words = [*options, *command.args] if free else [*command.args, *options]
    return " ".join(["/helm", command.name, *words])


def a_note_is_understood_or_refused_clearly(text: str) -> None:
    """What is understood is harmless, and means the same when it is written canonically."""
    for parsed in parse(text):
        match parsed:
            case Command(name, args, options):
                harmless = (*(() if COMMANDS[name].free_text else args), *options.values())
                assert not any(
                    value.startswith("-") or set(value) & set("$;`|&<>\"'\\ \n") for value in harmless
                )
                assert not any("\n" in value or "\r" in value for value in args)
                assert parse(written(parsed)) == (parsed,)
            case Unknown(word, hint):
                assert word.isascii()
                assert len(word) <= 40
                assert hint in {None, *COMMANDS}
            case Malformed(reason):
                assert reason.isascii()
                assert reason.isprintable()
                assert len(reason) < 400
    assert len(parse(text)) <= MOST_COMMANDS + 1


EVENTS = (
    "Merge Request Hook",
    "Note Hook",
    "Confidential Note Hook",
    "Push Hook",
    "Pipeline Hook",
    "Job Hook",
)


def a_delivery_names_work_that_can_be_kept(text: str) -> None:
    try:
        payload: Any = json.loads(text)
    except (ValueError, RecursionError):
        return
    project = "platform/cluster"
    targets = [Target("production", project), Target("eu", project, branch="eu", description=True)]
    for event in EVENTS:
        for work in works(event, payload, targets):
            assert from_json(json.loads(json.dumps(to_json(work)))) == work


def _checkouts() -> tuple[str, ...]:
    ours = """version: 1
repositories: [{name: example, url: "https://charts.example.com/"}]
releases:
  - name: podinfo
    namespace: web
    chart: example/podinfo
    version: 6.14.1
    values: [values/a.yaml]
    inline: {replicas: 3}
    needs: [web/database]
    timeout: 1h30m
  - {name: database, namespace: web, chart: ./charts/db, installed: false}
"""
    apps = """clusterType: gke
cilium: {installed: true}
certManager:
  installed: true
  issuer: {installed: true, email: ops@example.com}
ingress: {installed: true, waf: {installed: true, blocking: false}}
runner: {installed: false}
"""
    return (
        packed({"releases.yaml": ours, "values/a.yaml": "replicas: 1\ncolour: red\n"}),
        packed(
            {
                ".gitlab/managed-apps/config.yaml": apps,
                ".gitlab/managed-apps/cilium/values.yaml": "a: {b: 1}\n",
            }
        ),
        *(packed({CHART: CHART_TEXT, **case.files}) for case in CASES),
    )


def _payloads() -> tuple[str, ...]:
    """Deliveries of every kind that is understood; beside the repository real ones are there too."""
    path = {"path_with_namespace": "platform/cluster", "default_branch": "main"}
    ours: list[dict[str, Any]] = [
        merge_request("update", oldrev="b" * 40),
        merge_request("update", {"title": {"previous": "Draft: x", "current": "x"}}),
        merge_request("approved") | {"user": {"id": 3}},
        merge_request("open", description="/helm plan"),
        note("/helm plan web --target production"),
        {"ref": "refs/heads/main", "before": "a" * 40, "after": "b" * 40, "project": path},
        {"object_attributes": {"id": 31, "status": "success"}, "project": path},
        {"pipeline_id": 31, "build_id": 7, "commit": {"id": 31}, "project": path},
    ]
    real = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(SHARED.glob("*.json"))]
    for payload in real:
        payload["project"]["path_with_namespace"] = "platform/cluster"
    return tuple(json.dumps(payload) for payload in [*ours, *real])


YAML_SEEDS = (
    "a: &x {b: [1, 2]}\nc: *x\n<<: *x\nd: !!binary aGk=\ne: |\n  text\n  more\nf: 0o17\ng: 1e3\n",
    "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}, data: {a: aGk=}}\n---\n"
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 2\n",
    "? a\n: b\n'c': \"d\\u0041\"\n? [x]\n",
)
NOTES = (
    *(f"Let us see.\n/helm {name} {spec.usage}" for name, spec in COMMANDS.items()),
    "/helm plan web/podinfo --target production", "/HELM diff a --full\r\n/helm lock --target=p don't; we move",
    "> quoted\n\n/helm rollback a 3 --revert\n```\n/helm plan\n```\n`a\n/helm b`\n<pre>\n/helm c\n</pre>",
)  # fmt: skip

CHECKS: Mapping[str, Check] = {
    "yaml": Check(yaml_is_a_value_or_the_authors_error, YAML_SEEDS),
    "checkout": Check(a_checkout_is_read_or_the_author_is_told, _checkouts()),
    "catalogue": Check(a_catalogue_is_read_or_the_author_is_told, (CATALOGUE_TEXT,)),
    "command": Check(a_note_is_understood_or_refused_clearly, NOTES),
    "delivery": Check(a_delivery_names_work_that_can_be_kept, _payloads()),
}
