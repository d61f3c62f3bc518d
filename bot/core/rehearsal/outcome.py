"""From the states of an object before and after to its part of a plan: what differs, masked."""

import copy
from typing import Any

from bot.core.diff import Difference, comparable, differences, same, shown
from bot.core.managed import structure
from bot.core.model import Finding, Level, Manifest, ObjectRef
from bot.core.noise import blanked, identity_of, in_result
from bot.core.objects import labels_of
from bot.core.planned import ObjectAction, ObjectPlan
from bot.core.pointer import MISSING, resolve
from bot.core.rehearsal.case import Case, Outcome, Stage

ASSIGNED = "‹assigned by the API server›"
"""Stands for a value that the API server chooses: that of a dry run is not the real one."""

_JOB_UID = "batch.kubernetes.io/controller-uid"


def outcome(
    stage: Stage,
    ref: ObjectRef,
    *,
    before: Manifest | None,
    after: Manifest | None,
    source: Manifest | None = None,
    action: ObjectAction | None = None,
    hook: str | None = None,
    findings: tuple[Finding, ...] = (),
) -> Outcome:
    """What happens to one object, from its live state to the one that the API server would give it.

    `source` is the object as rendered, by which random and assigned values are known.
    """
    replaced = action == "replace"
    old = None if before is None else comparable(_with_job_marks(before) if replaced else before)
    new = None
    if after is not None:
        new = comparable(_with_marks_for_assigned(after, None if replaced else before, source))
    pointers = _noise(stage, source, old, new)
    found: tuple[Difference, ...] = ()
    if old is not None and new is not None and not same(old, new):
        known = structure(*(state for state in (before, after) if state is not None))
        found = differences(blanked(old, pointers), blanked(new, pointers), known)
    masked_old, masked_new = stage.case.masker.pair(old, new)
    plan = ObjectPlan(
        ref=ref,
        action=action or _action(old, new, changed=bool(found or pointers)),
        changes=() if masked_old is None or masked_new is None else shown(found, masked_old, masked_new),
        noise=pointers,
        hook=hook,
        before=masked_old,
        after=masked_new,
    )
    return Outcome((plan,), findings)


def _action(old: Manifest | None, new: Manifest | None, *, changed: bool) -> ObjectAction:
    if old is None:
        return "create"
    if new is None:
        return "delete"
    return "update" if changed else "unchanged"


def _noise(
    stage: Stage, source: Manifest | None, old: Manifest | None, new: Manifest | None
) -> tuple[str, ...]:
    if source is None or new is None:
        return ()
    pointers = in_result(stage.noise.of(source), str(source.get("kind")))
    if identity_of(source) in stage.noise.random_names:
        pointers = (*pointers, "/metadata/name")
    if old is None:
        return pointers
    return tuple(p for p in pointers if _differ(resolve(old, p), resolve(new, p)))


def _differ(one: Any, other: Any) -> bool:
    if one is MISSING or other is MISSING:
        return one is not other
    return not same(one, other)


def warnings(case: Case, ref: ObjectRef, said: tuple[str, ...]) -> tuple[Finding, ...]:
    """The API server's Warning headers as findings."""
    return tuple(
        Finding(
            Level.WARNING, "api-warning", case.masker.text(f"{ref}: the API server warns: {text}"), object=ref
        )
        for text in dict.fromkeys(said)
    )


def _with_marks_for_assigned(after: Manifest, before: Manifest | None, source: Manifest | None) -> Manifest:
    match after.get("kind"):
        case "Service":
            return _service(after, before or {}, source or {})
        case "Job" if before is None:
            return _with_job_marks(after)
        case _:
            return after


def _service(after: Manifest, before: Manifest, source: Manifest) -> Manifest:
    made = copy.deepcopy(after)
    spec, live, wanted = _spec(made), _spec(before), _spec(source)
    for field in ("clusterIP", "clusterIPs", "healthCheckNodePort"):
        if (
            field in spec
            and field not in live
            and field not in wanted
            and spec[field] not in ("None", ["None"])
        ):
            spec[field] = ASSIGNED
    given = {port.get("nodePort") for state in (live, wanted) for port in _ports(state)}
    for port in _ports(spec):
        if "nodePort" in port and port["nodePort"] not in given:
            port["nodePort"] = ASSIGNED
    return made


def _with_job_marks(manifest: Manifest) -> Manifest:
    """With a mark for what names a Job's own uid: a new one every time, and no change by itself."""
    if manifest.get("kind") != "Job":
        return manifest
    made = copy.deepcopy(manifest)
    template = _spec(made).get("template")
    selector = _spec(made).get("selector")
    places: list[Any] = [labels_of(made), labels_of(template) if isinstance(template, dict) else {}]
    places.append(selector.get("matchLabels") if isinstance(selector, dict) else {})
    for labels in places:
        for key in (_JOB_UID, "controller-uid"):
            if isinstance(labels, dict) and key in labels:
                labels[key] = ASSIGNED
    return made


def _spec(manifest: Manifest) -> dict[str, Any]:
    spec = manifest.get("spec")
    return spec if isinstance(spec, dict) else {}


def _ports(spec: dict[str, Any]) -> list[dict[str, Any]]:
    ports = spec.get("ports")
    return [port for port in ports if isinstance(port, dict)] if isinstance(ports, list) else []
