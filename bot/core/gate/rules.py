"""What a target asks of a merge before it deploys, as configured."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

RoleName: TypeAlias = Literal["reporter", "developer", "maintainer", "owner"]

LEVELS = {"reporter": 20, "developer": 30, "maintainer": 40, "owner": 50}
"""GitLab's access levels by role."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which nothing is deployed: begins when `start` (cron, five fields) says, in `time_zone`."""

    start: str
    minutes: int
    time_zone: str = "UTC"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OwnedPath:
    """Changes of files that match `glob` need an approval of one of `owners` (usernames, names of roles)."""

    glob: str
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GateRules:
    """The rules; the defaults ask for nothing but a plan that would work.

    `pipeline`, `threads`, `undiverged`: the head's pipeline succeeded, no thread is open, the branch held all
    of its target branch. `required` makes approvals and owners part of the plan's commit status.
    """

    approvals: int = 0
    approver_role: RoleName = "maintainer"
    allow_author: bool = False
    allow_committers: bool = False
    paths: tuple[OwnedPath, ...] = ()
    pipeline: bool = False
    threads: bool = False
    undiverged: bool = False
    freeze: tuple[Window, ...] = ()
    required: bool = False

    @property
    def asks_people(self) -> bool:
        """Whether anything depends on who approved."""
        return self.approvals > 0 or bool(self.paths)
