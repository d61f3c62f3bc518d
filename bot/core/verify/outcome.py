"""How a deploy was taken by the cluster: what was looked at, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from bot.core.planned import Plan
from bot.core.verify.probes import ProbeResult

CheckState: TypeAlias = Literal["good", "waiting", "bad"]

LONGEST = 400
"""Characters of a sentence about a release: others wrote most of it."""
MOST = 20
"""Sentences of one sort in a note; how many more there are is said."""


@dataclass(frozen=True, slots=True)
class ReleaseCheck:
    """One release that the deploy touched. `lines` are plain sentences, the first one about the release.

    `objects` are those that have a state of readiness, `ready` how many of them are ready.
    """

    key: str
    state: CheckState
    lines: tuple[str, ...]
    revision: int | None = None
    objects: int = 0
    ready: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`settled` is false while there is hope in waiting; `good` is the answer once settled.

    `left` is what a fresh plan would still change, None where it was not made yet; `unread` says why
    something could not be looked at. `probes` is empty until they were asked.
    """

    settled: bool
    good: bool
    releases: tuple[ReleaseCheck, ...] = ()
    left: tuple[str, ...] | None = None
    unread: tuple[str, ...] = ()
    probes: tuple[ProbeResult, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """All of it in plain sentences, what is wrong first."""
        order = {"bad": 0, "waiting": 1, "good": 2}
        checks = sorted(self.releases, key=lambda one: order[one.state])
        said = [*self.unread, *(line for check in checks for line in check.lines), *bounded(self.left or ())]
        if self.left == () and not self.unread and all(check.state == "good" for check in checks):
            said.append("Rollouts are done, and a fresh plan is empty.")
        return (*said, *(probe_line(one) for one in self.probes))

    @property
    def cluster_is_good(self) -> bool:
        """Whether everything but the probes is as planned."""
        return self.left == () and not self.unread and all(one.state == "good" for one in self.releases)

    @property
    def ailing(self) -> frozenset[str]:
        """The releases (`namespace/name`) that did not come up, or not yet."""
        return frozenset(one.key for one in self.releases if one.state != "good")

    @property
    def bad_probes(self) -> tuple[ProbeResult, ...]:
        """Those for which the verification fails."""
        return tuple(one for one in self.probes if one.is_bad)

    def masked(self, mask: Callable[[str], str]) -> "Verdict":
        """The same with `mask` over every text that came from outside, cut after that, never before."""
        return replace(
            self,
            releases=tuple(
                replace(one, lines=tuple(_cut(mask(line)) for line in one.lines)) for one in self.releases
            ),
            left=None if self.left is None else tuple(map(mask, self.left)),
            unread=tuple(map(mask, self.unread)),
            probes=tuple(replace(one, expected=mask(one.expected), why=mask(one.why)) for one in self.probes),
        )


def _cut(masked: str) -> str:
    return masked if len(masked) <= LONGEST else f"{masked[: LONGEST - 1]}…"


def with_probes(verdict: Verdict, probes: tuple[ProbeResult, ...]) -> Verdict:
    """The end of a verification whose cluster is good."""
    return replace(verdict, settled=True, good=not any(one.is_bad for one in probes), probes=probes)


def left_of(fresh: Plan) -> tuple[str, ...]:
    """What a fresh plan would still change: release, object and path of each."""
    found: list[str] = []
    for release in fresh.releases:
        if release.action == "none":
            continue
        changed = [one for one in release.objects if one.action != "unchanged" and one.hook is None]
        if not changed:
            found.append(f"{release.key} would still be changed ({release.action}).")
        for one in changed:
            paths = ", ".join(change.path or "/" for change in one.changes[:5])
            more = len(one.changes) - 5
            where = f" at {paths}{f' and {more} more' if more > 0 else ''}" if paths else ""
            found.append(f"{release.key} would still be changed: {one.action} {one.ref}{where}.")
    return tuple(found)


def bounded(lines: tuple[str, ...]) -> tuple[str, ...]:
    """At most MOST of them, and how many more."""
    more = len(lines) - MOST
    return (*lines[:MOST], f"and {more} more") if more > 0 else lines


def probe_line(result: ProbeResult) -> str:
    """One probe in a sentence."""
    seen = f"{result.before} → {result.after}" if result.before else result.after
    why = f": {result.why}" if result.why else ""
    return f"Probe {result.name} {result.state} ({seen}; expected {result.expected}){why}."


def facts_of(verdict: Verdict) -> dict[str, Any]:
    """What the trail keeps of it."""
    return {
        "good": verdict.good,
        "lines": list(verdict.lines),
        "releases": [
            {
                "release": one.key,
                "state": one.state,
                "revision": one.revision,
                "objects": one.objects,
                "ready": one.ready,
            }
            for one in verdict.releases
        ],
        "left": None if verdict.left is None else list(verdict.left),
        "probes": [
            {
                "name": one.name,
                "state": one.state,
                "expected": one.expected,
                "before": one.before,
                "after": one.after,
                "why": one.why,
            }
            for one in verdict.probes
        ],
    }
