"""Our own tables behind the port `Store`."""

import secrets

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.adapters.clock import utc_now
from bot.adapters.store import tables
from bot.adapters.store.gate import GateTables, upsert
from bot.adapters.store.replies import ReplyTable
from bot.adapters.store.trail import TrailTable, Written, unobserved
from bot.app.ports.keeping import Clock, Deployment, StoredPlan


class SqlStore(GateTables, ReplyTable, TrailTable):
    """The port `Store` on SQLite or PostgreSQL; `engine` is what `open_database` gave."""

    def __init__(self, engine: AsyncEngine, clock: Clock = utc_now, written: Written = unobserved) -> None:
        GateTables.__init__(self, engine)
        ReplyTable.__init__(self, engine)
        TrailTable.__init__(self, engine, clock, written)

    async def add_plan(self, plan: StoredPlan) -> int:
        """See the port. `id` of the argument is not looked at."""
        async with self._engine.begin() as connection:
            newest = await self._newest_plan(connection, plan.project, plan.iid, plan.target)
            if newest is not None and _same_plan(newest, plan):
                return newest.id
            fields = {
                column.name: getattr(plan, column.name)
                for column in tables.plans.columns
                if column.name not in ("id", "document")
            }
            insert = sa.insert(tables.plans).values(**fields, document=dict(plan.document))
            made = await connection.execute(insert.returning(tables.plans.c.id))
            return int(made.scalar_one())

    async def newest_plan(self, project: str, iid: int, target: str) -> StoredPlan | None:
        """See the port."""
        async with self._engine.begin() as connection:
            return await self._newest_plan(connection, project, iid, target)

    async def plan(self, plan_id: int) -> StoredPlan | None:
        """The plan that `add_plan` gave this id."""
        async with self._engine.begin() as connection:
            found = await connection.execute(sa.select(tables.plans).where(tables.plans.c.id == plan_id))
            row = found.mappings().one_or_none()
            return StoredPlan(**row) if row else None

    @staticmethod
    async def _newest_plan(
        connection: AsyncConnection, project: str, iid: int, target: str
    ) -> StoredPlan | None:
        plans = tables.plans
        of_it = (plans.c.project == project) & (plans.c.iid == iid) & (plans.c.target == target)
        newest = await connection.execute(sa.select(plans).where(of_it).order_by(plans.c.id.desc()).limit(1))
        row = newest.mappings().one_or_none()
        return StoredPlan(**row) if row else None

    async def deployment(self, project: str, iid: int, target: str) -> Deployment | None:
        """See the port."""
        of = tables.deployments.c
        where = (of.project == project) & (of.iid == iid) & (of.target == target)
        found = await self._deployments(where)
        return found[0] if found else None

    async def deployments_on(self, project: str, pipeline_id: int) -> list[Deployment]:
        """See the port."""
        of = tables.deployments.c
        return await self._deployments((of.project == project) & (of.pipeline_id == pipeline_id))

    async def _deployments(self, where: sa.ColumnElement[bool]) -> list[Deployment]:
        async with self._engine.begin() as connection:
            table = tables.deployments
            rows = await connection.execute(
                sa.select(table).where(where).order_by(table.c.iid, table.c.target)
            )
            return [Deployment(**{**row, "steps": tuple(row["steps"])}) for row in rows.mappings()]

    async def put_deployment(self, deployment: Deployment) -> None:
        """See the port."""
        fields = {name: getattr(deployment, name) for name in tables.deployments.columns.keys()}  # noqa: SIM118
        fields["steps"] = list(deployment.steps)
        key = ("project", "iid", "target")
        rest = {name: value for name, value in fields.items() if name not in key}
        statement = upsert(self._engine, tables.deployments).values(**fields)
        async with self._engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=rest))

    async def move_deployment(self, deployment: Deployment, before: str) -> bool:
        """See the port."""
        of, it = tables.deployments.c, deployment
        fields = {name: getattr(it, name) for name in ("merge_sha", "state", "seal", "pipeline_id", "reason")}
        where = (of.project == it.project) & (of.iid == it.iid) & (of.target == it.target)
        moving = sa.update(tables.deployments).where(where & (of.state == before))
        async with self._engine.begin() as connection:
            moved = await connection.execute(moving.values(**fields, steps=list(it.steps)))
        return moved.rowcount == 1

    async def key(self, name: str) -> bytes:
        """32 random bytes under this name, made at the first call and the same ever after."""
        async with self._engine.begin() as connection:
            made = upsert(self._engine, tables.meta).values(name=f"key:{name}", value=secrets.token_hex(32))
            await connection.execute(made.on_conflict_do_nothing())
            found = await connection.execute(
                sa.select(tables.meta.c.value).where(tables.meta.c.name == f"key:{name}")
            )
            return bytes.fromhex(found.scalar_one())

    async def ping(self) -> None:
        """Raises where the database does not answer."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.text("SELECT 1"))


def _same_plan(one: StoredPlan, other: StoredPlan) -> bool:
    return (one.head, one.merge_ref, one.seal, one.complete, one.note_id, one.document) == (
        other.head,
        other.merge_ref,
        other.seal,
        other.complete,
        other.note_id,
        dict(other.document),
    )
