"""The gate: facts about a merge to whether it deploys, and if not, why and what to do."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bot.core.gate.approvals import Approval
from bot.core.gate.freeze import Frozen
from bot.core.gate.rules import LEVELS, GateRules, OwnedPath
from bot.core.globs import touches


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What counts of a plan: the head it was made for, its seal, and whether it would do anything.

    `pending` are sentences about releases that Helm is at, where nothing else keeps the plan from its seal.
    """

    head: str
    seal: str | None
    complete: bool
    changes_something: bool
    pending: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """A target that somebody froze."""

    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the gate looks at. `head` is the merge request's last commit, the one people saw.

    What a rule does not ask for need not be known: `changed` are the paths of changed files (None: too many
    to be named), `untouched` says that none of them concerns the target, `pipeline` is GitLab's word
    for the head's pipeline (None: there is none), `behind` counts the commits of the target branch that the
    head lacks (or lacked when it was merged).
    """

    head: str
    from_fork: bool
    plan: PlanFacts | None
    rules: GateRules = field(default_factory=GateRules)
    merged: bool = True
    approvals: tuple[Approval, ...] = ()
    changed: Collection[str] | None = ()
    untouched: bool = False
    pipeline: str | None = None
    threads_resolved: bool = True
    behind: int = 0
    frozen: Frozen | None = None
    lock: Lock | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one rule says. `said` is a sentence, `way_out` one for where it does not hold."""

    rule: str
    holds: bool
    said: str
    way_out: str = ""


@dataclass(frozen=True, slots=True)
class Deploy:
    """Go ahead with exactly this seal."""

    seal: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """The plan says that the cluster has all of it already, or the change does not touch the target."""

    untouched: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Do not deploy. `reason` and `way_out` are sentences for the thread."""

    reason: str
    way_out: str


Decision: TypeAlias = Deploy | Nothing | Hold

NEXT = (
    "Open another merge request (an empty commit will do): its plan shows what the cluster still lacks, "
    "this change included, and its merge deploys that."
)
FOLLOW_UP = (
    "A maintainer says /helm deploy in this thread: it plans the merge commit anew and deploys what was "
    f"seen. Or: {NEXT}"
)
RECOVER = (
    "See whether anything still works on it (a job, a helm process; /helm status shows the release). If so, "
    "wait for its end, then a maintainer says /helm deploy in this thread. If not, a maintainer says "
    "/helm deploy --recover in this thread: it shows what it would mark as failed and the plan from there, "
    "and how to do exactly that."
)
_COMMAND = "It does not start by itself: then a maintainer says /helm deploy in this thread."
PEOPLE = ("approvals", "paths")
"""The rules that approvals satisfy: the only ones that a required status waits for, as GitLab tells of each
change to them."""


def decide(facts: GateFacts) -> Decision:
    """Whether a merged merge request deploys, or an open one would if it were merged now."""
    if facts.untouched:
        return Nothing(untouched=True)
    hold = _plan(facts)
    if hold is not None:
        return hold
    if facts.plan is None or facts.plan.seal is None:
        raise ValueError("a plan that may be deployed has a seal")
    if not facts.plan.changes_something:
        return Nothing()
    unmet = [ruling for ruling in rulings(facts) if not ruling.holds]
    if unmet:
        ways = list(dict.fromkeys(ruling.way_out for ruling in unmet))
        return Hold(" ".join(ruling.said for ruling in unmet), " ".join(ways))
    return Deploy(facts.plan.seal)


def _plan(facts: GateFacts) -> Hold | None:
    plan = facts.plan
    if facts.from_fork:
        return Hold("the change came from a fork, and a fork never deploys.", NEXT)
    if plan is None:
        return Hold("it was merged before there was a plan.", FOLLOW_UP)
    if plan.head != facts.head:
        seen, merged = plan.head[:8], facts.head[:8]
        return Hold(f"the plan was made for {seen}, but {merged} was merged.", FOLLOW_UP)
    if not plan.complete:
        return Hold("its plan is incomplete: not everything in it could be read.", FOLLOW_UP)
    if plan.pending:
        return Hold(f"its plan has no seal, so nothing was touched. {' '.join(plan.pending)}", RECOVER)
    if plan.seal is None:
        return Hold("its plan has errors: the cluster would have refused it.", FOLLOW_UP)
    return None


def rulings(facts: GateFacts) -> tuple[Ruling, ...]:
    """What each rule that is configured says, and those of the moment (freeze, lock) where they hold it."""
    if facts.untouched:
        return ()
    rules = facts.rules
    found = [_approvals(facts)] if rules.approvals else []
    found += [_path(facts, owned) for owned in rules.paths if touches([owned.glob], facts.changed)]
    if rules.pipeline:
        found.append(_pipeline(facts))
    if rules.threads:
        found.append(_threads(facts))
    if rules.undiverged:
        found.append(_undiverged(facts))
    if facts.frozen:
        found.append(_frozen(facts.frozen, facts.merged))
    if facts.lock:
        found.append(_locked(facts.lock, facts.merged))
    return tuple(found)


def void(facts: GateFacts) -> tuple[Approval, ...]:
    """The approvals of another plan, whose people must look again."""
    return tuple(it for it in facts.approvals if it.bond == "void" and not it.barred)


def _approvals(facts: GateFacts) -> Ruling:
    rules = facts.rules
    least = LEVELS[rules.approver_role]
    counted = _distinct(it for it in facts.approvals if it.counts(least))
    names = {it.username for it in counted}
    rest = [sentence for it in facts.approvals if (sentence := _worth(it, facts, least, names))]
    if len(counted) >= rules.approvals:
        said = f"Approved by {', '.join(sorted(names))} ({len(counted)} of {rules.approvals})."
        return Ruling("approvals", True, " ".join([said, *_stands(counted, facts), *rest]))
    who = f"{rules.approver_role}{'s' if rules.approvals > 1 else ''}"
    said = f"It has {len(counted)} of {rules.approvals} approvals by {who}."
    return Ruling("approvals", False, " ".join([said, *rest]), _approve(facts))


def _approve(facts: GateFacts) -> str:
    if facts.merged:
        return (
            "After a merge GitLab takes no approvals, so that /helm deploy, said by somebody who may "
            f"approve, counts as one, of the plan as it is then. Or: {NEXT}"
        )
    return "Approve it in GitLab; who approved of something else takes that back first."


def _distinct(approvals: Iterable[Approval]) -> list[Approval]:
    return list({it.user_id: it for it in approvals}.values())


def _worth(it: Approval, facts: GateFacts, least: int, counted: set[str]) -> str:
    """Why an approval does not count; empty where it does."""
    who = it.username
    if who in counted:
        return ""
    if it.barred == "author":
        return f"{who} is the author, whose approval does not count."
    if it.barred == "committer":
        return f"{who} committed to it and does not count."
    if it.level == 0:
        return f"{who} is blocked or no member any more, so the approval does not count."
    if it.level < least:
        return f"{who} is not {facts.rules.approver_role} (any more), so the approval does not count."
    if it.bond == "void":
        now = facts.plan.seal if facts.plan else None
        moved = f"the plan of now has {_short(now)}" if now else "the plan of now has none"
        return f"{who} approved a plan with seal {_short(it.seal)}, {moved}: void, {who} must look again."
    return f"{who} approved before there was a plan to see: void, {who} must look again."


def _stands(counted: Iterable[Approval], facts: GateFacts) -> list[str]:
    moved = [it for it in counted if it.head and it.head != facts.head]
    return [
        f"{it.username} approved the same plan at {it.head[:8]}, so that approval stands." for it in moved
    ]


def _short(seal: str | None) -> str:
    return (seal or "").removeprefix("sha256:")[:8] or "none"


def _path(facts: GateFacts, owned: OwnedPath) -> Ruling:
    roles = [LEVELS[name] for name in owned.owners if name in LEVELS]
    names = {name.lstrip("@").casefold() for name in owned.owners if name not in LEVELS}
    by_role = [it for it in facts.approvals if roles and it.counts(min(roles))]
    by_name = [it for it in facts.approvals if it.username.casefold() in names and it.counts(1)]
    good = sorted({it.username for it in (*by_role, *by_name)})
    if good:
        return Ruling("paths", True, f"Changes below {owned.glob} were approved by {', '.join(good)}.")
    wanted = " or ".join(name if name in LEVELS else name.lstrip("@") for name in owned.owners)
    said = f"Changes below {owned.glob} need an approval of {wanted}."
    return Ruling("paths", False, said, _approve(facts))


def _pipeline(facts: GateFacts) -> Ruling:
    if facts.pipeline in ("success", "skipped"):
        return Ruling("pipeline", True, "The pipeline of its last commit succeeded.")
    said = (
        "Its last commit has no pipeline, and one is required."
        if facts.pipeline is None
        else f"The pipeline of its last commit is {facts.pipeline}, it has to succeed."
    )
    return Ruling(
        "pipeline", False, said, _then("Run the pipeline of the last commit to its end.", facts.merged)
    )


def _threads(facts: GateFacts) -> Ruling:
    if facts.threads_resolved:
        return Ruling("threads", True, "No thread is open.")
    return Ruling("threads", False, "A thread is still open.", _then("Resolve the threads.", facts.merged))


def _undiverged(facts: GateFacts) -> Ruling:
    if facts.behind == 0:
        return Ruling("undiverged", True, "The branch has all of its target branch.")
    commits = "1 commit" if facts.behind == 1 else f"{facts.behind} commits"
    lacks = "lacked" if facts.merged else "lacks"
    said = f"The branch {lacks} {commits} of its target branch."
    return Ruling("undiverged", False, said, NEXT if facts.merged else "Rebase the branch.")


def _then(way: str, merged: bool) -> str:
    """What is to be done, and for a merge that is held what follows; nothing starts by itself."""
    return f"{way} {_COMMAND}" if merged else way


def _frozen(it: Frozen, merged: bool) -> Ruling:
    reason = f" ({it.reason})" if it.reason else ""
    said = f"Nothing is deployed until {it.until:%Y-%m-%d %H:%M} {it.until.tzinfo}{reason}."
    way = "A merge before that is held and does not start by itself: then a maintainer says /helm deploy."
    if merged:
        way = (
            "It does not start by itself then: after that time a maintainer says /helm deploy in this thread."
        )
    return Ruling("freeze", False, said, way)


def _locked(it: Lock, merged: bool) -> Ruling:
    reason = f": {it.reason}" if it.reason else ""
    said = f"{it.by} locked the target at {it.at:%Y-%m-%d %H:%M} UTC{reason}."
    return Ruling("lock", False, said, _then("A maintainer releases it with /helm unlock.", merged))
