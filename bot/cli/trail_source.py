"""Where `purser trail` reads, and what its filters take."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bot.adapters.store.database import connect_database, steps
from bot.adapters.store.sql import SqlStore
from bot.config import load
from bot.core.errors import AuthorError
from bot.core.trail.chain import Entry
from bot.core.trail.filter import Wanted, moment

ConfigFile = Annotated[Path, Parameter(help="configuration file")]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Filters:
    """Flags that choose entries; together they must all hold."""

    project: Annotated[str | None, Parameter(help="path of a project")] = None
    merge_request: Annotated[int | None, Parameter(help="number of a merge request")] = None
    target: Annotated[str | None, Parameter(help="name of a target")] = None
    since: Annotated[str | None, Parameter(help="from this date or time on (UTC)")] = None
    until: Annotated[str | None, Parameter(help="up to this time, or to the end of this date (UTC)")] = None

    @property
    def wanted(self) -> Wanted:
        """As the trail knows them. Raises AuthorError (`when`)."""
        since = moment(self.since) if self.since else None
        until = moment(self.until, end=True) if self.until else None
        return Wanted(self.project, self.merge_request, self.target, since, until)

    async def of(self, store: SqlStore) -> AsyncIterator[Entry]:
        """The entries that they take, oldest first."""
        wanted = self.wanted
        async for entry in store.stream(project=self.project, iid=self.merge_request):
            if wanted.takes(entry):
                yield entry


@asynccontextmanager
async def opened(config: Path) -> AsyncIterator[SqlStore]:
    """The store of this configuration, as it stands: a service may be running on it."""
    engine = await connect_database(url_of(config))
    try:
        at, _ = await steps(engine)
        if at is None:
            fix = "Start the service once, or name the configuration that it runs with."
            raise AuthorError("This database was never used by Purser.", fix=fix, code="no-database")
        yield SqlStore(engine)
    finally:
        await engine.dispose()


def url_of(config: Path) -> str:
    """The database's address. Raises what the configuration's loader raises."""
    return load(config, os.environ).database_url
