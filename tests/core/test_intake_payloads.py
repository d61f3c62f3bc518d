"""Real payloads of GitLab, and the work that each names."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.model import Target
from bot.core.webhook.intake import project_of, works
from bot.core.work import BranchWork, CommandWork, PlanWork, WakeWork

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "gitlab-webhooks"
HEADERS = {
    "merge_request": "Merge Request Hook",
    "note": "Note Hook",
    "pipeline": "Pipeline Hook",
    "build": "Job Hook",
    "push": "Push Hook",
    "deployment": "Deployment Hook",
    "emoji": "Emoji Hook",
}
ATLANTIS = "atlantis-20260822+gitlab-merge-request-event"
REAL = {
    "a real job event wakes its pipeline": ("build+created+official-docs-18.2", "wake 2366"),
    "a real deployment event: nothing": ("deployment+success+official-docs-18.2", ""),
    "a real emoji event: nothing": ("emoji+award-Note+official-docs-18.2", ""),
    "a real opening in a subgroup: planned": (f"merge_request+open+{ATLANTIS}-subgroup", "plan 2 opened"),
    "a real opening: planned": (f"merge_request+open+{ATLANTIS}", "plan 12 opened"),
    "a documented opening: planned": ("merge_request+open+official-docs-18.2", "plan 1 opened"),
    "a real draft made ready: planned": (f"merge_request+update+{ATLANTIS}-mark-as-ready", "plan 3 ready"),
    "a real new assignee: nothing": (f"merge_request+update+{ATLANTIS}-update-assignee", ""),
    "a real new description: nothing": (f"merge_request+update+{ATLANTIS}-update-description", ""),
    "a real new label: nothing": (f"merge_request+update+{ATLANTIS}-update-labels", ""),
    "a real new milestone: nothing": (f"merge_request+update+{ATLANTIS}-update-milestone", ""),
    "a real mix of title and assignee: nothing": (f"merge_request+update+{ATLANTIS}-update-mixed", ""),
    "a real push: planned": (f"merge_request+update+{ATLANTIS}-update-new-commit", "plan 3 pushed"),
    "a real new reviewer: nothing": (f"merge_request+update+{ATLANTIS}-update-reviewer", ""),
    "a real new target branch: planned": (
        f"merge_request+update+{ATLANTIS}-update-target-branch",
        "plan 3 retargeted",
    ),
    "a real new title: nothing": (f"merge_request+update+{ATLANTIS}-update-title", ""),
    "a documented note of words: nothing": ("note+MergeRequest-create+official-docs-17.x", ""),
    "a real note in a subgroup for another bot: nothing": (
        "note+MergeRequest-noaction+atlantis-20260822+gitlab-merge-request-comment-event-subgroup",
        "",
    ),
    "a real note for another bot: nothing": (
        "note+MergeRequest-noaction+atlantis-20260822+gitlabMergeCommentEvent_notAllowlisted",
        "",
    ),
    "a real note of words: nothing": (
        "note+MergeRequest-noaction+atlantis-20260822+gitlabMergeCommentEvent_shouldIgnore",
        "",
    ),
    "a documented pipeline event wakes its pipeline": ("pipeline+success+official-docs-18.2", "wake 31"),
    "a documented push to the branch that deploys: look at the branch": (
        "push+none+official-docs-18.2",
        "branch master 95790bf8..da156088",
    ),
}


def _named(payload: dict[str, Any], kind: str) -> str:
    branch = payload.get("object_attributes", {}).get("target_branch")
    project = project_of(payload)
    assert project is not None
    found = works(HEADERS[kind], payload, [Target("t", project, branch=branch)])
    match found:
        case ():
            return ""
        case (PlanWork(iid=iid, why=why, sha=sha),):
            assert sha == payload["object_attributes"]["last_commit"]["id"]
            return f"plan {iid} {why}"
        case (WakeWork(pipeline_id=pipeline_id),):
            return f"wake {pipeline_id}"
        case (BranchWork(branch=name, before=before, after=after),):
            return f"branch {name} {before[:8]}..{after[:8]}"
    return f"unexpected: {found}"


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared")
@pytest.mark.parametrize(("name", "expected"), REAL.values(), ids=REAL.keys())
def test_a_real_payload_names_the_right_work_or_the_right_nothing(name: str, expected: str) -> None:
    payload = json.loads((SHARED / f"{name}.json").read_text())
    assert _named(payload, name.partition("+")[0]) == expected


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared")
def test_every_real_payload_stands_in_the_table() -> None:
    assert {path.stem for path in SHARED.glob("*.json")} == {name for name, _ in REAL.values()}


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared")
def test_a_real_note_with_a_command_is_read_again() -> None:
    for path in SHARED.glob("note+*.json"):
        payload = json.loads(path.read_text())
        payload["object_attributes"]["note"] = "/helm plan"
        found = works("Note Hook", payload, [Target("t", str(project_of(payload)))])
        assert [type(work) for work in found] == [CommandWork]
