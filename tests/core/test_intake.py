"""Deliveries, and the work that each names."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.model import Target
from bot.core.webhook.intake import project_of, works
from bot.core.work import CommandWork, DeployWork, PlanWork, WakeWork

SHA = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7"
TARGETS = (
    Target("production", "platform/cluster"),
    Target("staging", "platform/cluster", branch="staging"),
    Target("elsewhere", "other/project"),
)


def merge_request(action: str | None, changes: Any = None, **attributes: Any) -> dict[str, Any]:
    return {
        "object_kind": "merge_request",
        "project": {"path_with_namespace": "platform/cluster", "default_branch": "main"},
        "object_attributes": {
            "iid": 7,
            "action": action,
            "state": "opened",
            "target_branch": "main",
            "updated_at": "2026-11-23 13:00:00 UTC",
            "last_commit": {"id": SHA},
            **attributes,
        },
        "changes": {} if changes is None else changes,
    }


def note(text: str = "/helm plan", **attributes: Any) -> dict[str, Any]:
    return {
        "object_kind": "note",
        "project": {"path_with_namespace": "platform/cluster", "default_branch": "main"},
        "object_attributes": {
            "id": 99,
            "noteable_type": "MergeRequest",
            "note": text,
            "action": "create",
            "system": False,
            "discussion_id": "d15c",
            **attributes,
        },
        "merge_request": {"iid": 7},
    }


def plan(why: str, once: str = "", target: str = "production", sha: str = SHA) -> tuple[PlanWork, ...]:
    return (PlanWork("platform/cluster", 7, target, sha, why, once=once),)


AT = "2026-11-23130000UTC"
MERGE_REQUESTS = {
    "opened: planned": (merge_request("open"), plan("opened")),
    "opened as a draft: planned": (merge_request("open", draft=True), plan("opened")),
    "reopened: planned again": (merge_request("reopen"), plan("reopened", AT)),
    "pushed: planned": (merge_request("update", oldrev="1" * 40), plan("pushed")),
    "pushed and renamed: planned": (
        merge_request("update", {"title": {"previous": "a", "current": "b"}}, oldrev="1" * 40),
        plan("pushed"),
    ),
    "draft no longer: planned": (
        merge_request("update", {"draft": {"previous": True, "current": False}}),
        plan("ready", AT),
    ),
    "draft no longer, told by the title alone: planned": (
        merge_request("update", {"title": {"previous": "Draft: x", "current": "x"}}),
        plan("ready", AT),
    ),
    "made a draft: nothing": (merge_request("update", {"draft": {"previous": False, "current": True}}), ()),
    "a new target branch: planned for it": (
        merge_request(
            "update", {"target_branch": {"previous": "main", "current": "staging"}}, target_branch="staging"
        ),
        plan("retargeted", AT, "staging"),
    ),
    "a target branch that nobody deploys: nothing": (merge_request("open", target_branch="feature"), ()),
    "labels: nothing": (merge_request("update", {"labels": {"previous": [], "current": [{}]}}), ()),
    "title: nothing": (merge_request("update", {"title": {"previous": "a", "current": "b"}}), ()),
    "assignees: nothing": (merge_request("update", {"assignees": {"previous": [], "current": [{}]}}), ()),
    "an update without changes: nothing": (merge_request("update"), ()),
    "changes that are no object: nothing": (merge_request("update", [1]), ()),
    "an empty oldrev: nothing": (merge_request("update", oldrev=""), ()),
    "merged: deployed": (
        merge_request("merge", state="merged"),
        (DeployWork("platform/cluster", 7, "production"),),
    ),
    "merged elsewhere: nothing": (merge_request("merge", state="merged", target_branch="feature"), ()),
    "closed: nothing": (merge_request("close", state="closed"), ()),
    "a push to a closed one: nothing": (merge_request("update", oldrev="1" * 40, state="closed"), ()),
    "approved: nothing": (merge_request("approved"), ()),
    "approval reset by the system: nothing": (
        merge_request("unapproval", system=True, system_action="approvals_reset_on_push"),
        (),
    ),
    "no action: nothing": (merge_request(None), ()),
    "a head that is no commit: planned by the moment": (
        merge_request("open", last_commit=None),
        plan("opened", AT, sha=""),
    ),
    "an iid that is a text: nothing": (merge_request("open", iid="7"), ()),
    "an iid that is true: nothing": (merge_request("open", iid=True), ()),
    "an iid beyond all databases: nothing": (merge_request("open", iid=2**70), ()),
}


@pytest.mark.parametrize(("payload", "expected"), MERGE_REQUESTS.values(), ids=MERGE_REQUESTS.keys())
def test_a_merge_request_event_names(payload: Any, expected: tuple[Any, ...]) -> None:
    assert works("Merge Request Hook", payload, TARGETS) == expected


COMMAND = (CommandWork("platform/cluster", 7, 99, "d15c"),)
NOTES = {
    "a command: read again": (note(), COMMAND),
    "a command from an older GitLab without action: read again": (note(action=None), COMMAND),
    "a command without discussion: read again": (
        note(discussion_id=None),
        (CommandWork("platform/cluster", 7, 99, ""),),
    ),
    "a wrong command: read again, for the answer": (note("/helm paln"), COMMAND),
    "words: nothing": (note("This needs work."), ()),
    "a quoted command: nothing": (note("> /helm plan"), ()),
    "an edited note: nothing": (note(action="update"), ()),
    "a system note: nothing": (note(system=True), ()),
    "an internal note: nothing": (note(internal=True), ()),
    "a note of an issue: nothing": (note(noteable_type="Issue"), ()),
    "a note that is null: nothing": (note(note=None), ()),
}


@pytest.mark.parametrize(("payload", "expected"), NOTES.values(), ids=NOTES.keys())
def test_a_note_event_names(payload: Any, expected: tuple[Any, ...]) -> None:
    assert works("Note Hook", payload, TARGETS) == expected


def test_an_internal_note_has_an_event_of_its_own_and_names_nothing() -> None:
    assert works("Confidential Note Hook", note(), TARGETS) == ()


PROJECT = {"project": {"path_with_namespace": "platform/cluster"}}


@pytest.mark.parametrize(
    ("event", "payload", "expected"),
    [
        pytest.param("Pipeline Hook", {"object_attributes": {"id": 31}}, 31, id="a pipeline"),
        pytest.param("Job Hook", {"pipeline_id": 31, "commit": {"id": 31}}, 31, id="a job"),
        pytest.param("Job Hook", {"commit": {"id": 31}}, 31, id="a job of an older GitLab"),
        pytest.param("Pipeline Hook", {"object_attributes": {"id": None}}, None, id="a pipeline without id"),
        pytest.param("Push Hook", {"ref": "refs/heads/main"}, None, id="a push"),
        pytest.param("System Hook", {"object_attributes": {"id": 31}}, None, id="a system hook"),
        pytest.param("", {"object_attributes": {"id": 31}}, None, id="no event"),
    ],
)
def test_a_ci_event_wakes_who_waits(event: str, payload: dict[str, Any], expected: int | None) -> None:
    woken = () if expected is None else (WakeWork("platform/cluster", expected),)
    assert works(event, {**PROJECT, **payload}, TARGETS) == woken


def test_a_project_that_nobody_configured_names_nothing() -> None:
    assert works("Merge Request Hook", merge_request("open"), TARGETS[2:]) == ()


def test_a_project_without_default_branch_concerns_only_targets_that_name_one() -> None:
    payload = merge_request("open")
    payload["project"]["default_branch"] = None
    assert works("Merge Request Hook", payload, TARGETS) == ()
    payload["object_attributes"]["target_branch"] = "staging"
    assert works("Merge Request Hook", payload, TARGETS) == plan("opened", target="staging")


def test_a_redelivery_names_the_same_work() -> None:
    payload = merge_request("reopen")
    again = copy.deepcopy(payload)
    assert works("Merge Request Hook", payload, TARGETS) == works("Merge Request Hook", again, TARGETS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
EVENTS = st.sampled_from(["Merge Request Hook", "Note Hook", "Pipeline Hook", "Job Hook", "Push Hook", ""])


@given(EVENTS, json_values)
def test_no_json_whatever_breaks_the_intake(event: str, payload: Any) -> None:
    assert works(event, payload, TARGETS) == ()


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, each in inner for place in _places(each, (*at, key)))]


@given(st.data(), json_values)
def test_no_damage_to_a_real_payload_breaks_the_intake(data: st.DataObject, damage: Any) -> None:
    changes = {"draft": {"previous": True, "current": False}}
    event, payload = data.draw(
        st.sampled_from(
            [
                ("Merge Request Hook", merge_request("update", changes)),
                ("Merge Request Hook", merge_request("merge")),
                ("Note Hook", note()),
                ("Job Hook", {**PROJECT, "commit": {"id": 31}}),
            ]
        )
    )
    payload = copy.deepcopy(payload)
    *way, last = data.draw(st.sampled_from(_places(payload)[1:]))
    inner: Any = payload
    for step in way:
        inner = inner[step]
    inner[last] = damage
    for work in works(event, payload, TARGETS):
        assert work.project == project_of(payload) == "platform/cluster"
