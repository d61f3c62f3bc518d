"""Applying by ourselves (mode `direct`), in our words. Each docstring is the contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from bot.app.ports.rendering import Checkout
from bot.core.deploy.release_report import RunReport
from bot.core.model import Target

RunState: TypeAlias = Literal["absent", "running", "died", "ended"]


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What one run applies: the plan of a seal. `sealed` is that plan (purser.plan/v1, whole).

    `again` is true where an earlier process of the same run died: what it did already is left as it is.
    """

    id: str
    target: Target
    seal: str
    sealed: Mapping[str, Any]
    again: bool = False


@dataclass(frozen=True, slots=True)
class RunSeen:
    """How a run stands. `log` is what it said so far, masked and bounded; `report` once it ended.

    `absent`: this machine knows nothing of it. `died`: its process is gone and left no report.
    """

    state: RunState
    log: str = ""
    report: RunReport | None = None


class Runs(Protocol):
    """Processes that outlive us: a run goes on when we are killed, and is found again."""

    async def start(self, order: RunOrder, tree: Checkout) -> None:
        """Begins it with a copy of the tree. Where it runs or has ended already, nothing happens."""
        ...

    async def look(self, run: str, patience: float = 0.0) -> RunSeen:
        """As soon as it does not run any more, at the latest after so many seconds."""
        ...

    async def stop(self, run: str) -> bool:
        """Asks it to end in order (Helm marks what it was at as failed); False where it does not run."""
        ...


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What is kept of a run for good. `log` is masked, a long one without its middle."""

    id: str
    project: str
    iid: int
    target: str
    seal: str
    started_at: datetime
    log: str = ""
    report: RunReport | None = None


class RunRecords(Protocol):
    """Keeps runs beside our other tables."""

    async def put_run(self, record: RunRecord) -> None:
        """Keeps it; of one that is kept under its id already, log and report are replaced."""
        ...

    async def run(self, run: str) -> RunRecord | None: ...
