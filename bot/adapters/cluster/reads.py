"""Many reads of one kind in one namespace as one list, where that is less work for everybody."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.adapters.cluster.discovery import Served
from bot.adapters.cluster.questions import known_without_asking
from bot.adapters.cluster.wire import Call, Reply
from bot.app.together import together
from bot.core.model import Manifest
from bot.core.objects import MANAGED_BY
from bot.core.question import Found, Question, Read

WORTH_A_LIST = 6
"""As many reads of one kind in one namespace cost more than a list of what Helm manages there."""
_ROOM = 10
_KEPT_APART = frozenset({"CustomResourceDefinition"})
"""Kinds of which each object is large."""

_Kind = tuple[str, str, str]


async def listed(
    questions: Sequence[Question],
    kinds: Mapping[tuple[str, str], Served],
    send: Callable[[Call], Awaitable[Reply]],
) -> dict[Read, Found]:
    """What lists tell about the reads among these questions. What is not in here has to be read on its own.

    Nothing is in here that was refused, that a list had no room for, or that does not bear Helm's label.
    """
    wanted: dict[_Kind, dict[str, Read]] = {}
    for question in questions:
        if isinstance(question, Read) and _fits(question, kinds):
            ref = question.ref
            wanted.setdefault((ref.api_version, ref.kind, ref.namespace), {})[ref.name] = question
    calls = {
        kind: _call(kinds[kind[:2]], kind, len(reads))
        for kind, reads in wanted.items()
        if len(reads) >= WORTH_A_LIST
    }
    replies = await together(_sent(send, call) for call in calls.values())
    found: dict[Read, Found] = {}
    for (api_version, kind, namespace), reply in zip(calls, replies, strict=True):
        reads = wanted[api_version, kind, namespace]
        # The items of a list leave out what the list's own kind says.
        for item in _items(reply):
            read = reads.get(str((item.get("metadata") or {}).get("name")))
            if read is not None:
                found[read] = Found({"apiVersion": api_version, "kind": kind, **item})
    return found


def _fits(read: Read, kinds: Mapping[tuple[str, str], Served]) -> bool:
    """Whether a list in its namespace, and in no other, can tell; names are checked as for a single read."""
    served = kinds.get((read.ref.api_version, read.ref.kind))
    return (
        served is not None
        and "list" in served.verbs
        and read.ref.kind not in _KEPT_APART
        and served.namespaced == bool(read.ref.namespace)
        and known_without_asking(read, served) is None
    )


async def _sent(send: Callable[[Call], Awaitable[Reply]], call: Call) -> Reply:
    return await send(call)


def _call(served: Served, kind: _Kind, count: int) -> Call:
    within = f" in namespace {kind[2]}" if kind[2] else ""
    query = (("labelSelector", f"{MANAGED_BY}=Helm"), ("limit", str(count * _ROOM)))
    return Call("list", f"list {served.plural}{within}", "GET", served.path(kind[2]), query)


def _items(reply: Reply) -> list[Manifest]:
    items = reply.content.get("items") if reply.status == 200 else None
    return items if isinstance(items, list) else []
