"""A plan held against two states of a cluster: nothing missed, nothing invented."""

import copy
from collections.abc import Mapping
from typing import Any

from bot.core.diff import changes, comparable, same
from bot.core.model import Manifest
from bot.core.noise import blanked
from bot.core.planned import ObjectPlan, ReleasePlan
from bot.core.pointer import put
from bot.core.redact.masking import Masker
from bot.core.rehearsal.outcome import ASSIGNED

Name = tuple[str, str, str]
State = dict[Name, Manifest]

_SET_BY_CONTROLLERS = ("deployment.kubernetes.io/revision",)


def compare(plan: ReleasePlan, before: State, after: State, masker: Masker | None = None) -> None:
    """Every object that changed is in the plan, as it is now; and nothing is in it that did not happen.

    `masker` is the plan's own, where it learnt secrets.
    """
    masker = masker or Masker(b"truth")
    planned = {(one.ref.kind, one.ref.namespace, one.ref.name): one for one in plan.objects}
    random = [one for one in plan.objects if "/metadata/name" in one.noise]
    for name in sorted({*before, *after, *planned}):
        was, now, one = before.get(name), after.get(name), planned.get(name)
        if one is not None and one in random:
            continue
        if one is None and now is not None and any(_alike(now, other) for other in random):
            continue
        changed = not same(_calm(was), _calm(now))
        if one is None:
            assert not changed, f"missed: {name}: {changes(_calm(was) or {}, _calm(now) or {})}"
            continue
        _judge(one, was, now, changed=changed, masker=masker)


def _judge(
    one: ObjectPlan, was: Manifest | None, now: Manifest | None, *, changed: bool, masker: Masker
) -> None:
    where = f"{one.action} {one.ref}"
    if one.deleted_after and one.action != "delete":
        assert now is None, f"{where}: still there"
        return
    match one.action:
        case "create":
            assert was is None, f"{where}: was there"
            assert now is not None, f"{where}: never came"
        case "delete":
            assert was is not None, f"{where}: was never there"
            assert now is None, f"{where}: still there"
        case "unchanged":
            assert not changed, f"missed in {where}: {changes(_calm(was) or {}, _calm(now) or {})}"
        case "update" | "replace":
            assert was is not None, f"{where}: was never there"
            assert now is not None, f"{where}: is gone"
            assert changed or one.action == "replace", f"invented: {where}: {one.changes}"
    if now is not None and one.after is not None:
        assert was is None or one.action != "update" or one.changes or one.noise, f"{where} without changes"
        expected, real = _leveled(one, one.after, masker.manifest(_calm(now) or {}))
        wrong = changes(expected, real)
        assert not wrong, f"{where}: planned otherwise than it came: {wrong}"


def _leveled(one: ObjectPlan, expected: Manifest, real: Manifest) -> tuple[Manifest, Manifest]:
    """Both without random and assigned values."""
    expected, real = _calm(blanked(expected, one.noise)) or {}, copy.deepcopy(blanked(real, one.noise))
    for pointer in _places_of(expected, ASSIGNED):
        put(real, pointer, ASSIGNED)
    return expected, real


def _places_of(value: Any, wanted: str, here: str = "") -> list[str]:
    if value == wanted:
        return [here]
    if isinstance(value, dict):
        items = [(key.replace("~", "~0").replace("/", "~1"), item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(str(index), item) for index, item in enumerate(value)]
    else:
        return []
    return [place for key, item in items for place in _places_of(item, wanted, f"{here}/{key}")]


def _calm(manifest: Manifest | None) -> Manifest | None:
    """Without what controllers write on their own."""
    if manifest is None:
        return None
    made = copy.deepcopy(comparable(manifest))
    annotations = made["metadata"].get("annotations")
    for key in _SET_BY_CONTROLLERS:
        if annotations and key in annotations:
            del annotations[key]
    if annotations == {}:
        del made["metadata"]["annotations"]
    if made["kind"] == "Namespace":
        made["metadata"].pop("deletionTimestamp", None)
        made.pop("spec", None)
    return made


def all_calm(state: State) -> Mapping[Name, Manifest | None]:
    """The state without what controllers write on their own."""
    return {name: _calm(manifest) for name, manifest in state.items()}


def name_of(manifest: Manifest) -> Name:
    """Kind, namespace and name."""
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def of_interest(manifest: Manifest, namespace: str) -> bool:
    """Whether the object is the test's, and neither Helm's record nor a controller's offspring."""
    metadata: dict[str, Any] = manifest["metadata"]
    place = f"{metadata.get('namespace')}/{metadata['name']}"
    helms: bool = manifest["kind"] == "Secret" and manifest.get("type") == "helm.sh/release.v1"
    own = (manifest["kind"], metadata["name"]) in (
        ("ConfigMap", "kube-root-ca.crt"),
        ("ServiceAccount", "default"),
    )
    offspring = bool(metadata.get("ownerReferences") or metadata.get("deletionTimestamp"))
    return bool(namespace in place) and not (helms or own or offspring)


def _alike(manifest: Manifest, one: ObjectPlan) -> bool:
    return bool(manifest["kind"] == one.ref.kind)
