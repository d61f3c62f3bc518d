"""The port `SweepStore`: in memory, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from bot.adapters.memory_sweep import MemorySweeps
from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.adapters.store.sweep import SqlSweeps
from bot.app.ports import Deployment, DeployState
from bot.app.ports.sweeping import SweepStore, Swept
from tests.contracts.test_store import AT, DATABASES, server

__all__ = ["server"]
P = "ops/cluster"
LATER = AT + timedelta(hours=1)


@dataclass
class Setting:
    """The port, and a way to put deployments where it looks for them."""

    sweeps: SweepStore
    store: SqlStore | None = None

    async def deploy(self, *deployments: Deployment) -> None:
        if self.store is None:
            assert isinstance(self.sweeps, MemorySweeps)
            self.sweeps.deployments += deployments
            return
        for each in deployments:
            await self.store.put_deployment(each)


@pytest.fixture(params=["memory", *DATABASES])
async def setting(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Setting]:
    if request.param == "memory":
        yield Setting(MemorySweeps())
        return
    is_server = request.param == "postgresql"
    url = request.getfixturevalue("server") if is_server else f"sqlite:///{tmp_path}/purser.db"
    engine = await open_database(url)
    yield Setting(SqlSweeps(engine), SqlStore(engine, lambda: AT))
    await engine.dispose()


async def test_a_project_begins_now_and_stays_so(setting: Setting, request: pytest.FixtureRequest) -> None:
    project = f"{P}-{request.node.callspec.id}"
    begun = await setting.sweeps.swept(project, ["production"], AT)
    assert begun == Swept(AT, {"production": AT})
    assert await setting.sweeps.swept(project, ["production"], LATER) == begun
    assert await setting.sweeps.swept(f"{project}-b", ["production"], LATER) == Swept(
        LATER, {"production": LATER}
    )


async def test_a_target_that_is_new_begins_now_though_its_project_is_known(setting: Setting) -> None:
    await setting.sweeps.swept("ops/two", ["one"], AT)
    both = await setting.sweeps.swept("ops/two", ["one", "two"], LATER)
    assert both == Swept(AT, {"one": AT, "two": LATER})
    assert await setting.sweeps.swept("ops/two", ["two"], LATER) == Swept(AT, {"two": LATER})
    assert await setting.sweeps.swept("ops/two", ["one", "two"], LATER) == both


async def test_what_was_seen_is_kept(setting: Setting) -> None:
    with pytest.raises(LookupError):
        await setting.sweeps.put_seen("ops/unknown", AT)
    await setting.sweeps.swept("ops/seen", ["one"], AT)
    await setting.sweeps.put_seen("ops/seen", LATER)
    assert await setting.sweeps.swept("ops/seen", ["one"], LATER) == Swept(LATER, {"one": AT})


async def test_deployments_that_have_not_ended_are_given_in_order(setting: Setting) -> None:
    one = Deployment("ops/runs", 1, "production", "c" * 40, "running", "sha256:1", 7, steps=("a",))
    every = [replace(one, iid=10 - n, state=state) for n, state in enumerate(get_args(DeployState))]
    await setting.deploy(*every, replace(one, project="ops/else"))
    found = await setting.sweeps.unended("ops/runs")
    assert [it.state for it in found] == ["verifying", "running", "waiting"]
    assert found[1] == replace(one, iid=found[1].iid)
