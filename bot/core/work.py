"""Work that an event names. It names, nothing more: the worker reads the state again at its source."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias, assert_never


@dataclass(frozen=True, slots=True)
class PlanWork:
    """Plan a merge request for one target. `sha` is the head the event spoke of (a key, not an input).

    `why` is one word (opened, pushed, reopened, ready, retargeted, command); `once` tells two events of one
    `why` and `sha` apart where the same may rightly happen again, and is empty elsewhere. `commit` is the
    head of a fork that a maintainer named.
    """

    project: str
    iid: int
    target: str
    sha: str
    why: str
    note_id: int | None = None
    once: str = ""
    commit: str = ""


DESCRIPTION = 0
"""The number that stands for the merge request's description where a note's is expected."""


@dataclass(frozen=True, slots=True)
class CommandWork:
    """Read this note of a merge request (or its description) again and do the commands in it."""

    project: str
    iid: int
    note_id: int
    discussion_id: str


@dataclass(frozen=True, slots=True)
class DeployWork:
    """A merge request was merged: bring its target to where its plan says.

    `once` tells the command that asked for it, and is empty for the merge itself.
    """

    project: str
    iid: int
    target: str
    once: str = ""


@dataclass(frozen=True, slots=True)
class GateWork:
    """Somebody approved, or took it back, or a lock moved: say anew how the gate stands.

    `once` tells two such events apart.
    """

    project: str
    iid: int
    target: str
    once: str


@dataclass(frozen=True, slots=True)
class BranchWork:
    """A branch that targets deploy from went from one commit to another (forty zeros: it was made)."""

    project: str
    branch: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class DriftWork:
    """Look for what a target's cluster has and Git does not say.

    `once` tells one check from another. `iid` and `note_id` are the command's that asked for it, or 0.
    """

    project: str
    target: str
    once: str
    iid: int = 0
    note_id: int = 0


@dataclass(frozen=True, slots=True)
class WakeWork:
    """A pipeline or job moved: whoever waits for this pipeline looks again."""

    project: str
    pipeline_id: int


Work: TypeAlias = PlanWork | CommandWork | DeployWork | WakeWork | GateWork | BranchWork | DriftWork


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Again:
    """Not finished: look again when woken, or after so many seconds."""

    seconds: float


Outcome: TypeAlias = Done | Again

_KINDS: Mapping[str, type[Work]] = {
    "plan": PlanWork,
    "command": CommandWork,
    "deploy": DeployWork,
    "wake": WakeWork,
    "gate": GateWork,
    "branch": BranchWork,
    "drift": DriftWork,
}


def lane(work: Work) -> str:
    """The prefix that all work about one thing shares: `kind:project:iid:target:`, as far as it applies."""
    match work:
        case PlanWork():
            return f"plan:{work.project}:{work.iid}:{work.target}:"
        case CommandWork():
            return f"command:{work.project}:{work.iid}:"
        case DeployWork():
            return f"deploy:{work.project}:{work.iid}:{work.target}:"
        case WakeWork():
            return f"wake:{work.project}:"
        case GateWork():
            return f"gate:{work.project}:{work.iid}:{work.target}:"
        case BranchWork():
            return f"branch:{work.project}:{work.branch}:".replace("#", "")
        case DriftWork():
            return f"drift:{work.project}:{work.target}:"
        case _:
            assert_never(work)


def key(work: Work) -> str:
    """What makes two pieces of work the same one. No part of it holds a `#`."""
    match work:
        case PlanWork():
            distinct = [work.sha, work.why, str(work.note_id or ""), work.once]
            return (lane(work) + ":".join(distinct)).rstrip(":").replace("#", "")
        case CommandWork():
            return f"{lane(work)}{work.note_id}"
        case DeployWork():
            return lane(work) + (work.once or "merge")
        case WakeWork():
            return f"{lane(work)}{work.pipeline_id}"
        case GateWork():
            return (lane(work) + work.once).replace("#", "")
        case BranchWork():
            return f"{lane(work)}{work.before}:{work.after}"
        case DriftWork():
            return (lane(work) + work.once).replace("#", "")
        case _:
            assert_never(work)


def serial_with(work: Work) -> str:
    """Work of one kind with the same answer is never done at the same time."""
    match work:
        case PlanWork() | DeployWork() | GateWork() | DriftWork():
            return f"{work.project}:{work.target}"
        case CommandWork():
            return f"{work.project}:{work.iid}"
        case WakeWork():
            return f"{work.project}:{work.pipeline_id}"
        case BranchWork():
            return f"{work.project}:{work.branch}"
        case _:
            assert_never(work)


def to_json(work: Work) -> dict[str, Any]:
    """The work as a flat JSON object; `kind` names its type."""
    kind = next(name for name, of in _KINDS.items() if isinstance(work, of))
    return {"kind": kind, **asdict(work)}


def from_json(fields: Mapping[str, Any]) -> Work:
    """The inverse of `to_json`. Raises KeyError or TypeError for anything else."""
    return _KINDS[fields["kind"]](**{name: value for name, value in fields.items() if name != "kind"})
