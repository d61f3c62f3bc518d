"""Objects of which only the marks of a chart's version change, and checksums of what changes elsewhere.

Each new version of a chart changes them on every object. They are named and counted, without diffs; that a
changed pod template restarts its pods is said.
"""

import re
from collections.abc import Callable, Sequence

from bot.core.planned import ObjectPlan

_MARKS = re.compile(
    r"(?P<template>(?:/spec(?:/jobTemplate/spec)?/template|/spec/jobTemplate|/spec/volumeClaimTemplates/\d+)?)"
    r"/metadata/(?:labels/(?:helm\.sh~1chart|app\.kubernetes\.io~1version|chart|version)"
    r"|annotations/checksum~1[^/]+)"
)
_RUNNING = frozenset({"Deployment", "DaemonSet", "StatefulSet"})


def only_labels(item: ObjectPlan) -> bool:
    """Whether nothing else of the object changes."""
    return (
        item.action == "update"
        and item.hook is None
        and bool(item.changes)
        and all(_MARKS.fullmatch(change.path) for change in item.changes)
    )


def labels_sentence(items: Sequence[ObjectPlan], code: Callable[[str], str]) -> str:
    """All of them in one sentence; empty for none. `code` makes foreign text fit for where it stands."""
    if not items:
        return ""
    names = ", ".join(code(str(item.ref)) for item in items)
    many = "1 object changes" if len(items) == 1 else f"{len(items)} objects change"
    text = f"{many} only in labels of the chart's version and in checksums: {names}."
    restarted = [code(str(item.ref)) for item in items if _restarts(item)]
    return f"{text} Pods are replaced all the same: {', '.join(restarted)}." if restarted else text


def _restarts(item: ObjectPlan) -> bool:
    return item.ref.kind in _RUNNING and any(
        change.path.startswith("/spec/template/") for change in item.changes
    )
