"""Real payloads as other versions, settings and languages would have sent them: the same work each time."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.core.model import Target
from bot.core.webhook.intake import project_of, works
from bot.core.work import Work
from tests.core.test_intake_payloads import HEADERS, REAL, SHARED

READ = {
    "action", "after", "before", "branch", "changes", "commit", "current", "default_branch", "discussion_id",
    "draft", "id", "iid", "last_commit", "merge_request", "merge_status", "note", "noteable_type",
    "object_attributes", "oldrev", "path_with_namespace", "pipeline_id", "previous", "project", "ref",
    "state", "system", "target_branch", "title", "updated_at", "user", "work_in_progress", "internal",
}  # fmt: skip
"""What the intake reads; everything else may be null, of another type, or not there."""

STRANGE = "Größe — 数 🚢 \u202eabc\u200b '\"`$(x)"


def _everywhere(value: Any, change: Callable[[dict[str, Any]], None], name: str = "") -> Any:
    """Changes every object but `changes`, whose very names say what has changed."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        _everywhere(each, change, str(key))
    if isinstance(value, dict) and name != "changes":
        change(value)
    return value


def _null(fields: dict[str, Any]) -> None:
    fields |= {name: None for name in fields if name not in READ}


def _drop(fields: dict[str, Any]) -> None:
    for name in [name for name in fields if name not in READ]:
        del fields[name]


def _add(fields: dict[str, Any]) -> None:
    fields |= {"brand_new": {"nested": [1, None, {"iid": -1}]}, "": "", "é": False}


def _redact(fields: dict[str, Any]) -> None:
    fields |= {name: "[REDACTED]" for name in fields if "email" in name}


def _translate(fields: dict[str, Any]) -> None:
    names = ("name", "description", "username", "message")
    fields |= {name: STRANGE for name in names if isinstance(fields.get(name), str)}


VARIANTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "with fields that nobody knows": _add,
    "with nulls in all that nobody reads": _null,
    "without all that nobody reads": _drop,
    "with mails that are redacted": _redact,
    "with names and texts in other scripts": _translate,
}


def _payloads(part: str = "") -> list[Any]:
    """Those whose name holds this."""
    told = {sentence.partition(":")[0]: name for sentence, (name, _) in REAL.items()}
    return [pytest.param(name, id=sentence) for sentence, name in told.items() if part in name]


def _event_of(name: str) -> str:
    return HEADERS[name.partition("+")[0]]


def _work(name: str, payload: Any, project: str) -> tuple[Work, ...]:
    branch = payload.get("object_attributes", {}).get("target_branch")
    return works(_event_of(name), payload, [Target("t", project, branch=branch)])


def _read(name: str) -> tuple[Any, str]:
    payload = json.loads((SHARED / f"{name}.json").read_text(encoding="utf-8"))
    if name.startswith("note+"):
        payload["object_attributes"]["note"] = "/helm plan"  # else hardly one of them names anything
    project = project_of(payload)
    assert project is not None
    return payload, project


pytestmark = [pytest.mark.shared, pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared")]


@pytest.mark.parametrize("change", VARIANTS.values(), ids=VARIANTS.keys())
@pytest.mark.parametrize("name", _payloads())
def test_what_nobody_reads_changes_no_work(name: str, change: Callable[[dict[str, Any]], None]) -> None:
    payload, project = _read(name)
    assert _work(name, _everywhere(copy.deepcopy(payload), change), project) == _work(name, payload, project)


@pytest.mark.parametrize("name", _payloads())
def test_a_project_in_nested_groups_is_known_by_its_whole_path(name: str) -> None:
    payload, project = _read(name)
    before = _work(name, payload, project)
    payload["project"]["path_with_namespace"] = deep = "a/b-c/d.e/f_g/ünï/cluster"
    after = _work(name, payload, deep)
    assert [type(work) for work in after] == [type(work) for work in before]
    assert {work.project for work in after} <= {deep}
    assert _work(name, payload, project) == ()
    assert _work(name, payload, "f_g/ünï/cluster") == ()


@pytest.mark.parametrize("name", _payloads("merge_request+"))
def test_a_merge_request_event_without_action_names_nothing(name: str) -> None:
    payload, project = _read(name)
    del payload["object_attributes"]["action"]
    assert _work(name, payload, project) == ()


@pytest.mark.parametrize("name", _payloads("note+"))
def test_a_note_without_action_is_of_an_older_gitlab_and_counts(name: str) -> None:
    payload, project = _read(name)
    payload["object_attributes"].pop("action", None)
    assert len(_work(name, payload, project)) == 1
    payload["object_attributes"]["action"] = "update"
    assert _work(name, payload, project) == ()


@pytest.mark.parametrize("name", _payloads("update-new-commit"))
@pytest.mark.parametrize("oldrev", [None, "", 0, [], "absent"])
def test_an_update_without_oldrev_is_no_push(name: str, oldrev: Any) -> None:
    payload, project = _read(name)
    if oldrev == "absent":
        del payload["object_attributes"]["oldrev"]
    else:
        payload["object_attributes"]["oldrev"] = oldrev
    assert _work(name, payload, project) == ()
