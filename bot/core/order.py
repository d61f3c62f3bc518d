"""The order in which releases are worked on, and which of them wait for which."""

from collections.abc import Iterable, Mapping, Sequence

from bot.core.errors import AuthorError
from bot.core.model import DesiredRelease
from bot.core.planned import ObjectPlan, ReleasePlan

_CRD = "CustomResourceDefinition"
_FOR_ALL = frozenset({"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService"})
"""What changes how the API server answers to everybody."""


def by_needs(releases: Iterable[DesiredRelease]) -> tuple[DesiredRelease, ...]:
    """Those that are needed first; otherwise as written. Uninstalls go last, in the opposite order.

    Raises AuthorError (`needs-cycle`) where releases need each other. A need that is not in the list is taken
    for one that stands already.
    """
    wanted = list(releases)
    installs = _sorted([r for r in wanted if r.installed])
    removals = _sorted([r for r in wanted if not r.installed])
    return (*installs, *reversed(removals))


def _sorted(releases: Sequence[DesiredRelease]) -> list[DesiredRelease]:
    waiting = {release.key: release for release in releases}
    done: list[DesiredRelease] = []
    while waiting:
        ready = [r for r in waiting.values() if not any(need in waiting for need in r.needs)]
        if not ready:
            first = next(iter(waiting.values()))
            raise AuthorError(
                f"These releases need each other in a circle: {', '.join(sorted(waiting))}.",
                where=first.where,
                fix="Take one of their `needs` out.",
                code="needs-cycle",
            )
        for release in ready:
            done.append(waiting.pop(release.key))
    return done


def waits(steps: Sequence[tuple[DesiredRelease, ReleasePlan]]) -> Mapping[str, frozenset[str]]:
    """For each release that changes, by key: those that have to be done before it begins.

    `steps` are in the order of `by_needs`. Besides what is written as `needs`, a release waits for an earlier
    one that brings a kind or a namespace which it uses, or a webhook; removals wait for everything else.
    """
    found: dict[str, frozenset[str]] = {}
    for number, (desired, plan) in enumerate(steps):
        earlier = steps[:number]
        found[desired.key] = frozenset(
            other.key for other, before in earlier if _waits(desired, plan, other, before)
        )
    return found


def _waits(desired: DesiredRelease, plan: ReleasePlan, other: DesiredRelease, before: ReleasePlan) -> bool:
    if not desired.installed:
        return other.installed or desired.key in other.needs
    if other.key in desired.needs:
        return True
    brought = [one for one in before.objects if one.action in ("create", "update", "replace")]
    if any(one.ref.kind in _FOR_ALL for one in brought):
        return True
    kinds = {_kind_of(one) for one in brought if one.ref.kind == _CRD}
    spaces = {one.ref.name for one in brought if one.ref.kind == "Namespace" and one.action == "create"}
    return any((one.ref.group, one.ref.kind) in kinds for one in plan.objects) or bool(
        spaces & {plan.namespace, *(one.ref.namespace for one in plan.objects)}
    )


def _kind_of(crd: ObjectPlan) -> tuple[str, str]:
    match crd.after:
        case {"spec": {"group": str(group), "names": {"kind": str(kind)}}}:
            return group, kind
        case _:
            return "", ""
