"""The trail's table: entries are added, read in pages, and never changed."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.adapters.store import tables
from bot.adapters.store.database import TRAIL_LOCK, lock
from bot.app.ports.keeping import Clock
from bot.core.errors import AuthorError
from bot.core.trail.chain import FIRST, Entry, Happening, Head, follow, intact
from bot.core.trail.check import Chain
from bot.core.trail.lines import facts_of

PAGE = 1_000
"""Entries that one transaction reads: SQLite's one writer waits no longer than for these."""


Written: TypeAlias = Callable[[Sequence[Happening]], None]
"""Is told what was added to the trail, once that is committed."""


def unobserved(happenings: Sequence[Happening]) -> None:
    """Nobody wants to know."""


class TrailTable:
    """The part of port `Store` that is the trail, and what an auditor needs besides."""

    def __init__(self, engine: AsyncEngine, clock: Clock, written: Written) -> None:
        self._trail_engine = engine
        self._trail_clock = clock
        self._written = written

    async def record(
        self, kind: str, project: str, iid: int | None, facts: Mapping[str, Any], once: str
    ) -> None:
        """See the port."""
        await self.record_all([Happening(kind, project, iid, facts, once)])

    async def record_all(self, happenings: Sequence[Happening]) -> None:
        """Adds a trail entry for each whose `once` is new, in one transaction."""
        table = tables.trail
        by_key = {each.once: each for each in happenings}
        async with self._trail_engine.begin() as connection:
            await lock(connection, TRAIL_LOCK)
            known = await connection.execute(sa.select(table.c.once).where(table.c.once.in_(by_key)))
            fresh = by_key.keys() - set(known.scalars())
            adding = [each for key, each in by_key.items() if key in fresh]
            if not adding:
                return
            last = await _newest(connection)
            number, before = (last.number, last.digest) if last else (0, FIRST)
            at = self._trail_clock().astimezone(UTC).isoformat()
            rows = [_row(entry) for entry in follow(before, adding, at, number + 1)]
            await connection.execute(sa.insert(table), rows)
        self._written(adding)

    async def trail(self, project: str, iid: int | None = None) -> list[Mapping[str, Any]]:
        """See the port."""
        of = tables.trail.c
        where = of.project == project
        if iid is not None:
            where &= of.iid == iid
        columns = (of.id, of.at, of.kind, of.project, of.iid, of.facts)
        async with self._trail_engine.begin() as connection:
            rows = await connection.execute(sa.select(*columns).where(where).order_by(of.id))
            return [dict(row) for row in rows.mappings()]

    async def recent(self, kind: str, project: str, limit: int) -> list[Mapping[str, Any]]:
        """See the port."""
        of = tables.trail.c
        query = sa.select(of.id, of.at, of.kind, of.project, of.iid, of.facts)
        query = query.where((of.project == project) & (of.kind == kind)).order_by(of.id.desc()).limit(limit)
        async with self._trail_engine.begin() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def head(self) -> Head | None:
        """See the port."""
        async with self._trail_engine.begin() as connection:
            return await _newest(connection)

    async def stream(
        self, *, project: str | None = None, iid: int | None = None, number: int | None = None
    ) -> AsyncIterator[Entry]:
        """Entries with their chain, oldest first, a page in memory at a time.

        Facts that are not one JSON object without repeated names come as an object that fits no digest.
        """
        of = tables.trail.c
        asked = ((of.project, project), (of.iid, iid), (of.id, number))
        where = sa.and_(*(column == value for column, value in asked if value is not None), sa.true())
        columns = (of.id, of.at, of.kind, of.project, of.iid, of.once, of.before, of.digest)
        query = sa.select(*columns, sa.cast(of.facts, sa.Text).label("facts")).where(where).order_by(of.id)
        after = None
        while True:
            page = query.limit(PAGE) if after is None else query.where(of.id > after).limit(PAGE)
            async with self._trail_engine.begin() as connection:
                rows = (await connection.execute(page)).mappings().all()
            for row in rows:
                yield Entry(**{**row, "facts": facts_of(row["facts"])})
            if len(rows) < PAGE:
                return
            after = rows[-1]["id"]

    async def entries(self) -> list[Entry]:
        """The whole trail with its chain, oldest first."""
        return [entry async for entry in self.stream()]

    async def verify(self) -> int | None:
        """The number of the first trail entry that was tampered with, or None."""
        chain = Chain()
        async for entry in self.stream():
            chain.add(entry)
        broken = chain.verdict().broken
        return broken[0] if broken else None

    async def take_over(self, entries: Iterable[Entry]) -> Head | None:
        """Puts an exported trail into this database, whole or not at all; gives its head.

        Raises AuthorError (`trail-not-empty`, `trail-broken`).
        """
        number, before, page = 0, FIRST, []
        async with self._trail_engine.begin() as connection:
            await lock(connection, TRAIL_LOCK)
            if await _newest(connection) is not None:
                raise AuthorError(
                    "This database has a trail already.",
                    fix="Import into a database that has never been used.",
                    code="trail-not-empty",
                )
            for number, entry in enumerate(entries, 1):
                if not intact(entry, number, before):
                    raise AuthorError(
                        f"Entry {number} is not what was written: nothing was imported.",
                        fix="Take an export that holds all entries (no filters) and was not edited.",
                        code="trail-broken",
                    )
                before = entry.digest
                page.append(_row(entry))
                if len(page) == PAGE:
                    await connection.execute(sa.insert(tables.trail), page)
                    page = []
            if page:
                await connection.execute(sa.insert(tables.trail), page)
        return Head(number, before) if number else None


async def _newest(connection: AsyncConnection) -> Head | None:
    of = tables.trail.c
    found = await connection.execute(sa.select(of.id, of.digest).order_by(of.id.desc()).limit(1))
    row = found.first()
    return Head(row.id, row.digest) if row else None


def _row(entry: Entry) -> dict[str, Any]:
    # Through JSON and back: what is not JSON fails here, before it is in the chain.
    facts = json.loads(json.dumps(entry.facts, allow_nan=False))
    return {each.name: getattr(entry, each.name) for each in fields(entry)} | {"facts": facts}
