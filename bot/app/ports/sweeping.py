"""What the sweep needs of GitLab and of our tables besides the other ports. One suite tests what is kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.app.ports.keeping import Deployment


@dataclass(frozen=True, slots=True)
class Swept:
    """How far a project is looked at.

    `since` says of each target when Purser began to look after it, by our clock. Everything that GitLab says
    was updated before `seen`, by its own clock, has been looked at.
    """

    seen: datetime
    since: Mapping[str, datetime]


class SweepStore(Protocol):
    """What a sweep leaves for the next one. Every call is one transaction."""

    async def swept(self, project: str, targets: Collection[str], now: datetime) -> Swept:
        """Targets that are new here begin `now`; so does a project, whose `seen` is then `now`, too."""
        ...

    async def put_seen(self, project: str, seen: datetime) -> None:
        """Raises LookupError for a project that `swept` was never asked about."""
        ...

    async def unended(self, project: str) -> list[Deployment]:
        """Deployments that wait, run or are verified, by merge request and target."""
        ...


class Merges(Protocol):
    """When merges happened."""

    async def merged_at(self, project: str, iid: int) -> datetime | None:
        """None where it is not merged, or gone. Raises what the port Forge raises."""
        ...
