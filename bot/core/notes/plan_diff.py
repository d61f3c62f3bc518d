"""What would be applied now against what an approved plan would have applied, as one unified diff."""

import copy
import difflib
from collections.abc import Iterator

from bot.core.notes.hunks import CONTEXT, MOST_LINES, yaml_text
from bot.core.planned import ObjectPlan, Plan
from bot.core.pointer import put

MOST = 150
"""Lines that are shown; a note has to hold the plan itself as well."""

_RANDOM = "(random)"


def plan_diff(approved: Plan, present: Plan) -> tuple[str, ...]:
    """Its lines: `-` was approved, `+` is planned now. Empty where no reader could see a difference.

    The objects of a plan are masked already; random values are left out.
    """
    before, after = _objects(approved), _objects(present)
    lines = [line for key in sorted({*before, *after}) for line in _object(before.get(key), after.get(key))]
    more = len(lines) - MOST
    return (*lines[:MOST], f"@@ and {more} lines more @@") if more > 0 else tuple(lines)


_Key = tuple[str, tuple[str, str, str, str], str]


def _objects(plan: Plan) -> dict[_Key, ObjectPlan]:
    return {
        (release.key, item.ref.identity, item.hook or ""): item
        for release in plan.releases
        for item in release.objects
        if item.action != "unchanged"
    }


def _object(one: ObjectPlan | None, other: ObjectPlan | None) -> Iterator[str]:
    noise = {path for item in (one, other) if item is not None for path in item.noise}
    before, after = _lines(one, noise), _lines(other, noise)
    was, now = (item.action if item else "untouched" for item in (one, other))
    if before == after and was == now:
        return
    ref = next(str(item.ref) for item in (other, one) if item is not None)
    yield f"@@ {ref}: {was}, now {now} @@" if was != now else f"@@ {ref} @@"
    if max(len(before), len(after)) > MOST_LINES:
        return
    diff = list(difflib.unified_diff(before, after, lineterm="", n=CONTEXT))[2:]
    yield from (line for line in diff if not line.startswith("@@"))


def _lines(item: ObjectPlan | None, noise: set[str]) -> list[str]:
    """The object as it would be after the operation; nothing where it would be gone or is not touched."""
    if item is None or item.after is None:
        return []
    shown = copy.deepcopy(item.after)
    for path in noise:
        put(shown, path, _RANDOM)
    return yaml_text(shown).splitlines()
