"""One happening of each kind that the trail knows, as the code writes them."""

from bot.core.trail.chain import FIRST, Entry, Happening, follow

PROJECT, IID, AT = "platform/cluster", 7, "2026-11-23T13:00:00.123456+00:00"
SEAL, HEAD, MERGED = f"sha256:{'4b' * 32}", "a" * 40, "c" * 40
_TARGET = {"target": "production"}
_JOB = {
    "id": 44,
    "name": "purser-apply",
    "status": "success",
    "url": "https://gitlab.example.com/platform/cluster/-/jobs/44",
    "log": f"sha256:{'9f' * 32}",
}
_RELEASE = {"release": "web/podinfo", "action": "upgrade", "state": "applied", "revision": 4, "why": ""}
_CHANGES = ["upgrade web/podinfo, chart podinfo 6.7.0 to 6.14.1, objects touched: 3"]
FACTS: dict[str, dict[str, object]] = {
    "delivery": {
        "event": "Merge Request Hook",
        "work": "plan:platform/cluster:7:production:aaaa:opened",
        "digest": "d" * 64,
    },
    "unplanned": {**_TARGET, "head": HEAD, "reason": "conflict", "note": 2},
    "plan": {
        **_TARGET,
        "by": "ada",
        "head": HEAD,
        "seal": SEAL,
        "complete": True,
        "note": 3,
        "merge_ref": "e" * 40,
        "document": f"sha256:{'1d' * 32}",
        "changes": _CHANGES,
    },
    "approval": {
        **_TARGET,
        "by": "bo",
        "head": HEAD,
        "seal": SEAL,
        "bond": "bound",
        "barred": "",
        "level": 40,
    },
    "command": {"by": "bo", "command": "deploy", "good": True},
    "lock": {**_TARGET, "by": "bo", "reason": "the night of the move"},
    "unlock": {**_TARGET, "by": "bo"},
    "cancel": {**_TARGET, "by": "bo", "state": "running"},
    "merge": {**_TARGET, "merge_sha": MERGED, "by": "ada"},
    "gate": {
        **_TARGET,
        "decision": "deploy",
        "seal": SEAL,
        "reason": "",
        "head": HEAD,
        "approvals": [{"by": "bo", "seal": SEAL, "bond": "bound", "barred": "", "level": 40}],
        "asked": {"approvals": 1, "role": "maintainer"},
        "locked_by": None,
        "frozen_until": None,
    },
    "deploy.offered": {**_TARGET, "seal": SEAL, "sha": MERGED, "by": "bo"},
    "rollback.previewed": {
        **_TARGET,
        "by": "bo",
        "release": "web/podinfo",
        "revision": 3,
        "seal": SEAL,
        "code": "0badcafe",
        "revert": False,
        "plan": 9,
        "document": f"sha256:{'1d' * 32}",
        "asked_at": "2026-11-23T13:00:00+00:00",
    },
    "rollback.confirmed": {
        **_TARGET,
        "by": "bo",
        "release": "web/podinfo",
        "revision": 3,
        "seal": SEAL,
        "revert": True,
    },
    "revert": {
        **_TARGET,
        "sha": MERGED,
        "url": "https://gitlab.example.com/platform/cluster/-/merge_requests/8",
    },
    "pipeline": {**_TARGET, "pipeline": 31, "seal": SEAL, "sha": MERGED},
    "pipeline.ended": {
        **_TARGET,
        "pipeline": 31,
        "url": "https://gitlab.example.com/platform/cluster/-/pipelines/31",
        "status": "success",
        "jobs": [_JOB],
    },
    "run": {**_TARGET, "run": "run-7-0badcafe", "seal": SEAL, "sha": MERGED},
    "run.ended": {
        **_TARGET,
        "run": "run-7-0badcafe",
        "log": f"sha256:{'9f' * 32}",
        "report": {"schema": "purser.run/v1", "result": "applied", "releases": [_RELEASE], "lines": []},
    },
    "probes.before": {**_TARGET, "probes": [{"name": "drops", "value": 0.5, "why": ""}]},
    "verified": {
        **_TARGET,
        "good": True,
        "lines": ["web/podinfo runs podinfo 6.14.1."],
        "releases": [
            {"release": "web/podinfo", "state": "good", "revision": 7, "objects": 3, "ready": 3},
        ],
        "left": [],
        "probes": [
            {
                "name": "drops",
                "state": "passed",
                "expected": "growth <= 1",
                "before": "0.5",
                "after": "0.75",
                "why": "",
            },
        ],
    },
    "deploy.ended": {**_TARGET, "state": "succeeded", "reason": "", "seal": SEAL},
    "drift.found": {
        **_TARGET,
        "head": MERGED,
        "digest": "0badcafe0badcafe",
        "releases": ["web/podinfo: 1 object changed by hand, by kubectl-edit"],
        "issue": "https://gitlab.example.com/platform/cluster/-/issues/3",
    },
    "drift.gone": {**_TARGET, "head": MERGED},
    "unlock.vain": {**_TARGET, "by": "bo"},
    "lock.vain": {**_TARGET, "by": "bo"},
    "pipeline.elsewhere": {**_TARGET, "pipeline": 30, "seal": SEAL, "sha": "f" * 40},
    "push.direct": {"branch": "main", "before": MERGED, "after": "f" * 40, "targets": ["production"]},
    "push.forced": {"branch": "main", "before": "f" * 40, "after": MERGED, "targets": ["production"]},
}


def happenings() -> list[Happening]:
    """One of each kind, in the order of a merge request's life."""
    return [
        Happening(kind, PROJECT, None if kind.startswith(("push.", "drift.")) else IID, facts, f"{kind}:1")
        for kind, facts in FACTS.items()
    ]


def whole_trail() -> list[Entry]:
    """The same as entries, chained."""
    return follow(FIRST, happenings(), AT, 1)
