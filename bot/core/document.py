"""A plan as JSON: `purser.plan/v1` for everybody, and the same with whole objects for our own store.

The shape of purser.plan/v1 is a public contract: a field is never renamed, removed or given another meaning.
"""

from collections.abc import Mapping
from typing import Any

from bot.core.model import Finding, Level, ObjectRef, Risk
from bot.core.planned import Change, Drift, EngineInfo, ObjectPlan, Plan, ReleasePlan, Rollback

SCHEMA = "purser.plan/v1"


def to_document(plan: Plan, *, whole: bool = False) -> dict[str, Any]:
    """The plan as plain JSON. `whole` adds what only we need: whole objects, digests, unchanged objects."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "target": plan.target,
        "head": plan.head,
        "complete": plan.complete,
        "seal": plan.seal,
        "engine": {"name": plan.engine.name, "version": plan.engine.version},
        "cluster": {"version": plan.cluster_version},
        "releases": [_release(release, whole) for release in plan.releases],
        "drift": [_drift(drift) for release in plan.releases for drift in release.drift],
        "findings": [_finding(finding) for finding in plan.findings],
    }
    if plan.rollback is not None:
        document["rollback"] = {"release": plan.rollback.release, "revision": plan.rollback.revision}
    return document


def _release(release: ReleasePlan, whole: bool) -> dict[str, Any]:
    shown = release.objects if whole else [o for o in release.objects if o.action != "unchanged"]
    document: dict[str, Any] = {
        "name": release.name,
        "namespace": release.namespace,
        "action": release.action,
        "chart": {"name": release.chart_name, "from": release.chart_from, "to": release.chart_to},
        "revision": {"from": release.revision_from},
        "risk": str(release.risk),
        "objects": [_object(item, whole) for item in shown],
        "findings": [_finding(finding) for finding in release.findings],
    }
    if whole:
        document["digest"] = release.digest
    return document


def _object(item: ObjectPlan, whole: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        **_ref(item.ref),
        "action": item.action,
        "hook": item.hook,
        "changes": [_change(change) for change in item.changes],
        "noise": list(item.noise),
    }
    if whole:
        document |= {"objectBefore": item.before, "objectAfter": item.after}
    return document


def _change(change: Change) -> dict[str, Any]:
    document: dict[str, Any] = {"path": change.path, "op": change.op}
    if change.op != "add":
        document["before"] = change.before
    if change.op != "remove":
        document["after"] = change.after
    return document


def _ref(ref: ObjectRef) -> dict[str, Any]:
    return {"apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "level": str(finding.level),
        "code": finding.code,
        "object": _ref(finding.object) if finding.object else None,
        "message": finding.message,
        "fix": finding.fix,
    }


def _drift(drift: Drift) -> dict[str, Any]:
    return {
        "release": drift.release,
        "object": _ref(drift.ref),
        "changes": [_change(change) for change in drift.changes],
        "managers": list(drift.managers),
        "time": drift.time or None,
        "reverts": drift.reverts,
    }


def from_document(document: Mapping[str, Any]) -> Plan:
    """The plan that `to_document(plan, whole=True)` wrote. Raises KeyError or ValueError on anything else."""
    if document["schema"] != SCHEMA:
        raise ValueError(f"not a {SCHEMA} document")
    drifts = [_read_drift(item) for item in document["drift"]]
    return Plan(
        target=document["target"],
        head=document["head"],
        complete=document["complete"],
        seal=document["seal"],
        engine=EngineInfo(**document["engine"]),
        cluster_version=document["cluster"]["version"],
        releases=tuple(_read_release(item, drifts) for item in document["releases"]),
        findings=tuple(_read_finding(item) for item in document["findings"]),
        rollback=rollback_of(document),
    )


def rollback_of(document: Mapping[str, Any]) -> Rollback | None:
    """What a plan's document goes back to; None where it does what a head wants."""
    given = document.get("rollback")
    return Rollback(given["release"], given["revision"]) if given else None


def _read_release(item: Mapping[str, Any], drifts: list[Drift]) -> ReleasePlan:
    return ReleasePlan(
        name=item["name"],
        namespace=item["namespace"],
        action=item["action"],
        chart_name=item["chart"]["name"],
        chart_from=item["chart"]["from"],
        chart_to=item["chart"]["to"],
        revision_from=item["revision"]["from"],
        risk=Risk(item["risk"]),
        objects=tuple(_read_object(one) for one in item["objects"]),
        findings=tuple(_read_finding(one) for one in item["findings"]),
        drift=tuple(drift for drift in drifts if drift.release == item["name"]),
        digest=item.get("digest", ""),
    )


def _read_object(item: Mapping[str, Any]) -> ObjectPlan:
    return ObjectPlan(
        ref=_read_ref(item),
        action=item["action"],
        changes=tuple(_read_change(one) for one in item["changes"]),
        noise=tuple(item["noise"]),
        hook=item["hook"],
        before=item.get("objectBefore"),
        after=item.get("objectAfter"),
    )


def _read_change(item: Mapping[str, Any]) -> Change:
    return Change(item["path"], item["op"], item.get("before"), item.get("after"))


def _read_ref(item: Mapping[str, Any]) -> ObjectRef:
    return ObjectRef(item["apiVersion"], item["kind"], item["namespace"], item["name"])


def _read_finding(item: Mapping[str, Any]) -> Finding:
    ref = item["object"]
    return Finding(
        Level(item["level"]), item["code"], item["message"], item["fix"], _read_ref(ref) if ref else None
    )


def _read_drift(item: Mapping[str, Any]) -> Drift:
    changes = tuple(_read_change(one) for one in item["changes"])
    return Drift(
        release=item["release"],
        ref=_read_ref(item["object"]),
        changes=changes,
        managers=tuple(item["managers"]),
        time=item.get("time") or "",
        reverts=item.get("reverts"),
    )
