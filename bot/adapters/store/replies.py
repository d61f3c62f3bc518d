"""Answers to commands: kept before they are posted, so that only the posting is ever repeated."""

from collections.abc import Mapping
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.adapters.store import tables
from bot.adapters.store.gate import upsert
from bot.app.ports.keeping import Reply


class ReplyTable:
    """The part of port `Store` that keeps them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._replies_engine = engine

    async def replies(self, project: str, iid: int, note_id: int) -> Mapping[int, Reply]:
        """See the port."""
        query = sa.select(tables.replies).where(_of(project, iid, note_id))
        query = query.order_by(tables.replies.c.number)
        async with self._replies_engine.begin() as connection:
            found = [Reply(**row) for row in (await connection.execute(query)).mappings()]
        return {it.number: it for it in found}

    async def add_reply(self, reply: Reply) -> None:
        """See the port."""
        statement = upsert(self._replies_engine, tables.replies).values(**asdict(reply))
        async with self._replies_engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_nothing())

    async def posted(self, project: str, iid: int, note_id: int) -> None:
        """See the port."""
        statement = sa.update(tables.replies).where(_of(project, iid, note_id)).values(text=None)
        async with self._replies_engine.begin() as connection:
            await connection.execute(statement)


def _of(project: str, iid: int, note_id: int) -> sa.ColumnElement[bool]:
    of = tables.replies.c
    return (of.project == project) & (of.iid == iid) & (of.note_id == note_id)
