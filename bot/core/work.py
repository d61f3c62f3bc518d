"""Work that an event names. It names, nothing more: the worker reads the state again at its source."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class PlanWork:
    """Plan a merge request for one target. `sha` is the head the event spoke of (a key, not an input)."""

    project: str
    iid: int
    target: str
    sha: str
    why: str
    note_id: int | None = None


@dataclass(frozen=True, slots=True)
class CommandWork:
    """Read this note of a merge request again and do the commands in it."""

    project: str
    iid: int
    note_id: int
    discussion_id: str


@dataclass(frozen=True, slots=True)
class DeployWork:
    """A merge request was merged: bring its target to where its plan says."""

    project: str
    iid: int
    target: str


@dataclass(frozen=True, slots=True)
class WakeWork:
    """A pipeline or job moved: whoever waits for this pipeline looks again."""

    project: str
    pipeline_id: int


Work: TypeAlias = PlanWork | CommandWork | DeployWork | WakeWork


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Again:
    """Not finished: look again when woken, or after so many seconds."""

    seconds: float


Outcome: TypeAlias = Done | Again
