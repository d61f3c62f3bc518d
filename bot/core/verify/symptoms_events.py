"""Whose events are whose: those of an object, and of what controllers make of it, which may be gone."""

import re
from collections.abc import Collection, Iterator, Sequence

from bot.core.model import Manifest, ObjectRef

# Names as controllers give them: a hash, five random characters, an ordinal.
_SET, _RANDOM, _ORDINAL = r"-[a-z0-9]{1,10}", r"-[a-z0-9]{5}", r"-\d+"


def about_any(event: Manifest, refs: Sequence[ObjectRef], pods: Collection[str]) -> bool:
    """Whether an event is about one of these objects or pods, or what a controller made of one."""
    about = event.get("involvedObject")
    if not isinstance(about, dict):
        return False
    kind, name = str(about.get("kind", "")), str(about.get("name", ""))
    if kind == "Pod" and name in pods:
        return True
    return any((kind, name) == (ref.kind, ref.name) or _made_of(ref, kind, name) for ref in refs)


def _made_of(ref: ObjectRef, kind: str, name: str) -> bool:
    return any(made == kind and re.fullmatch(shape, name) for made, shape in _shapes(ref))


def _shapes(ref: ObjectRef) -> Iterator[tuple[str, str]]:
    name = re.escape(ref.name)
    match ref.kind:
        case "Deployment":
            yield "ReplicaSet", name + _SET
            yield "Pod", name + _SET + _RANDOM
        case "StatefulSet":
            yield "Pod", name + _ORDINAL
            yield "PersistentVolumeClaim", f"[a-z0-9.-]+-{name}{_ORDINAL}"
        case "DaemonSet" | "ReplicaSet" | "Job":
            yield "Pod", name + _RANDOM
