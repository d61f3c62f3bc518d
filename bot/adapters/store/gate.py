"""What the gate keeps: who said /helm deploy to which plan, and the locks of targets."""

from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.adapters.store import tables
from bot.app.ports.keeping import Consent
from bot.core.gate.approvals import Mark
from bot.core.gate.decision import Lock


def upsert(engine: AsyncEngine, table: sa.Table) -> Any:
    """An INSERT of this database's kind, which knows ON CONFLICT."""
    return (postgresql if engine.dialect.name == "postgresql" else sqlite).insert(table)


class GateTables:
    """The part of port `Store` that a gate needs."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def marks(self, project: str, iid: int, target: str) -> list[Mark]:
        """See the port."""
        of = tables.plans.c
        where = (of.project == project) & (of.iid == iid) & (of.target == target)
        query = sa.select(of.id, of.head, of.seal, of.shown_at).where(where).order_by(of.id)
        async with self._engine.begin() as connection:
            return [Mark(**row) for row in (await connection.execute(query)).mappings()]

    async def shown(self, plan_id: int, at: datetime) -> None:
        """See the port."""
        of = tables.plans.c
        unseen = sa.update(tables.plans).where((of.id == plan_id) & of.shown_at.is_(None))
        async with self._engine.begin() as connection:
            await connection.execute(unseen.values(shown_at=at))

    async def planned(self, project: str, target: str, limit: int) -> list[int]:
        """See the port."""
        of = tables.plans.c
        newest = sa.func.max(of.id)
        query = sa.select(of.iid).where((of.project == project) & (of.target == target))
        async with self._engine.begin() as connection:
            found = await connection.execute(query.group_by(of.iid).order_by(newest.desc()).limit(limit))
            return [int(iid) for iid in found.scalars()]

    async def add_consent(self, consent: Consent) -> None:
        """See the port."""
        values = {each.name: getattr(consent, each.name) for each in fields(consent)}
        key = ("project", "iid", "target", "user_id", "seal")
        rest = {name: value for name, value in values.items() if name not in key}
        statement = upsert(self._engine, tables.consents).values(**values)
        async with self._engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=rest))

    async def consents(self, project: str, iid: int, target: str) -> list[Consent]:
        """See the port."""
        of = tables.consents.c
        where = (of.project == project) & (of.iid == iid) & (of.target == target)
        query = sa.select(tables.consents).where(where).order_by(of.note_id)
        async with self._engine.begin() as connection:
            return [Consent(**row) for row in (await connection.execute(query)).mappings()]

    async def lock(self, project: str, target: str) -> Lock | None:
        """See the port."""
        of = tables.locks.c
        query = sa.select(of.by, of.reason, of.at).where((of.project == project) & (of.target == target))
        async with self._engine.begin() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            return Lock(**row) if row else None

    async def put_lock(self, project: str, target: str, lock: Lock) -> None:
        """See the port."""
        rest = {each.name: getattr(lock, each.name) for each in fields(lock)}
        statement = upsert(self._engine, tables.locks).values(project=project, target=target, **rest)
        async with self._engine.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=("project", "target"), set_=rest)
            )

    async def drop_lock(self, project: str, target: str) -> bool:
        """See the port."""
        of = tables.locks.c
        where = (of.project == project) & (of.target == target)
        async with self._engine.begin() as connection:
            gone = await connection.execute(sa.delete(tables.locks).where(where))
            return bool(gone.rowcount)
