"""How far the sweep has come, in memory, with the same contract as in the tables."""

from collections.abc import Collection
from datetime import datetime

from bot.app.ports.keeping import UNDER_WAY, Deployment
from bot.app.ports.sweeping import Swept


class MemorySweeps:
    """The port `SweepStore`; `deployments` are those that `unended` looks through."""

    def __init__(self) -> None:
        self.deployments: list[Deployment] = []
        self._kept: dict[str, Swept] = {}

    async def swept(self, project: str, targets: Collection[str], now: datetime) -> Swept:
        """See the port."""
        before = self._kept.get(project, Swept(now, {}))
        whole = Swept(before.seen, {name: now for name in targets} | dict(before.since))
        self._kept[project] = whole
        return Swept(whole.seen, {name: whole.since[name] for name in targets})

    async def put_seen(self, project: str, seen: datetime) -> None:
        """See the port."""
        if project not in self._kept:
            raise LookupError(f"no sweep of {project} has begun")
        self._kept[project] = Swept(seen, self._kept[project].since)

    async def unended(self, project: str) -> list[Deployment]:
        """See the port."""
        found = [it for it in self.deployments if it.project == project and it.state in UNDER_WAY]
        return sorted(found, key=lambda it: (it.iid, it.target))
