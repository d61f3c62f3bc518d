"""The gate: facts about a merge to whether it deploys, and if not, why and what to do."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What counts of a plan: the head it was made for, its seal, and whether it would do anything."""

    head: str
    seal: str | None
    complete: bool
    changes_something: bool


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the gate looks at. `head` is the merge request's last commit, the one people saw."""

    head: str
    from_fork: bool
    plan: PlanFacts | None


@dataclass(frozen=True, slots=True)
class Deploy:
    """Go ahead with exactly this seal."""

    seal: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """The plan says that the cluster has all of it already."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Do not deploy. `reason` and `way_out` are sentences for the thread."""

    reason: str
    way_out: str


Decision: TypeAlias = Deploy | Nothing | Hold

FOLLOW_UP = (
    "Open another merge request (an empty commit will do): its plan shows what the cluster still lacks, "
    "this change included, and its merge deploys that. Or run `purser plan` and `purser apply --seal …` on a "
    "checkout of the merge commit."
)


def decide(facts: GateFacts) -> Decision:
    """Whether a merged merge request deploys."""
    plan = facts.plan
    if facts.from_fork:
        return Hold("the change came from a fork, and a fork never deploys.", FOLLOW_UP)
    if plan is None:
        return Hold("it was merged before there was a plan.", FOLLOW_UP)
    if plan.head != facts.head:
        seen, merged = plan.head[:8], facts.head[:8]
        return Hold(f"the plan was made for {seen}, but {merged} was merged.", FOLLOW_UP)
    if not plan.complete:
        return Hold("its plan is incomplete: not everything in it could be read.", FOLLOW_UP)
    if plan.seal is None:
        return Hold("its plan has errors: the cluster would have refused it.", FOLLOW_UP)
    if not plan.changes_something:
        return Nothing()
    return Deploy(plan.seal)
