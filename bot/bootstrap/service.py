"""`purser serve`: hooks, work, health and metrics, wired."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.adapters.clock import SteadyClock, utc_now
from bot.adapters.engine.place import Fence
from bot.adapters.engine.queue import Engine
from bot.adapters.helm.worker import RenderLimits
from bot.adapters.store.database import check_schema, open_database
from bot.adapters.store.inbox import SqlInbox
from bot.adapters.store.runs import SqlRuns
from bot.adapters.store.sql import SqlStore
from bot.adapters.store.sweep import SqlSweeps
from bot.adapters.store.under_way import SqlUnderWay
from bot.app.branch import WatchBranch
from bot.app.command import AnswerCommands
from bot.app.deploy.merge_request import DeployMergeRequest
from bot.app.deploy.retried import Retried
from bot.app.deploy.reverting import Reverting
from bot.app.drift.look import LookForDrift
from bot.app.failure import TellFailure
from bot.app.gate import Gatekeeper
from bot.app.plan.merge_request import PlanMergeRequest
from bot.app.ports import Clock, Forge, Repositories
from bot.app.ports.running import RunRecords, Runs
from bot.app.ports.sweeping import Merges, SweepStore
from bot.app.refresh import RefreshGate
from bot.app.sweep.projects import Sweep
from bot.bootstrap.commands import answers
from bot.bootstrap.direct import direct_runs
from bot.bootstrap.drifting import drifting, looks
from bot.bootstrap.gitlab import gitlab
from bot.bootstrap.sweeping import sweeping
from bot.bootstrap.tools import Settings, Tools, tools
from bot.bootstrap.worker import Worker
from bot.config import Config
from bot.core.gate.rules import LEVELS
from bot.core.model import Target
from bot.core.webhook.signature import Doorkeeper
from bot.core.webhook.source import Sources
from bot.core.work import PlanWork, Work
from bot.entry.dispatch import Dispatcher
from bot.entry.doorbell import Doorbell
from bot.entry.health import Check, add_health
from bot.entry.hook import Hook
from bot.entry.metrics import Metrics, metrics_app
from bot.entry.tracing import spans

log = structlog.get_logger()

KEEP_ALIVE = 15.0
"""Seconds that an idle connection is kept; aiohttp's own default for a bare runner is an hour."""


@dataclass(frozen=True, slots=True)
class Running:
    """A service that answers. `url` and `metrics_url` are where it listens (ports may have been chosen)."""

    url: str
    metrics_url: str
    store: SqlStore
    engine: Engine


@asynccontextmanager
async def service(config: Config, clock: Clock = utc_now) -> AsyncIterator[Running]:
    """Runs by the machine's `clock` until the context ends and what runs has. Raises before it listens."""
    async with AsyncExitStack() as stack:
        database = await open_database(config.database_url)
        stack.push_async_callback(database.dispose)
        metrics = Metrics(spans())
        stack.callback(metrics.spans.close)
        store = SqlStore(database, clock, metrics.domain)
        inbox = await stack.enter_async_context(SqlInbox(database, clock, config.database.kept))
        settings = _settings(config, await store.key("fingerprint"))
        wired = await stack.enter_async_context(tools(settings, metrics.phases))
        fence = Fence()
        forge, repositories, merges, reverts = await gitlab(config, stack, metrics, fence, wired.masker)
        targets = _targets(config, wired)
        runs = await stack.enter_async_context(direct_runs(config, settings))
        engine = _engine(
            *(config, wired, store, forge, repositories, targets, metrics, runs, SqlRuns(database)),
            *(Reverting(reverts, store), _durable(config, database, fence, clock), clock),
        )
        await stack.enter_async_context(engine)
        bell = Doorbell()
        await stack.enter_async_context(_dispatcher(config, inbox, engine, store, bell, clock))
        hook = Hook(
            _doorkeeper(config), inbox, list(targets.values()), bell, metrics, sources=_sources(config)
        )
        app = web.Application(client_max_size=0, middlewares=[metrics.measure])
        hook.add_to(app)
        add_health(app, _checks(store, database, engine, wired))
        url = await _listen(stack, app, config.listen.host, config.listen.port)
        metrics_url = await _listen(
            *(stack, metrics_app(metrics, (engine.backlog, inbox.backlog), wired.kills)),
            *(config.metrics.listen.host, config.metrics.listen.port),
        )
        sweep = _sweep(config, forge, merges, store, SqlSweeps(database), engine, targets, metrics, clock)
        await stack.enter_async_context(sweep)
        await stack.enter_async_context(drifting(engine, looks(config), clock))
        log.info("service.started", url=url, metrics=metrics_url, targets=len(targets))
        yield Running(url, metrics_url, store, engine)
        log.info("service.stopping")


def _dispatcher(
    config: Config, inbox: SqlInbox, engine: Engine, store: SqlStore, bell: Doorbell, clock: Clock
) -> Dispatcher:
    turn, every = partial(engine.turn, "inbox"), config.database.forget_every
    return Dispatcher(inbox, Retried(engine, store, clock), store, bell, turn=turn, forget_every=every)


def _checks(store: SqlStore, database: AsyncEngine, engine: Engine, wired: Tools) -> dict[str, Check]:
    schema = partial(check_schema, database)
    return {"database": store.ping, "schema": schema, "engine": engine.check, "helm": wired.helm}


def _settings(config: Config, key: bytes) -> Settings:
    limits = RenderLimits(
        memory=config.helm.render_memory * 1024 * 1024, wall_seconds=config.helm.render_timeout
    )
    catalogues = [str(config.charts.catalogue)] if config.charts.catalogue else []
    memory = config.data_dir / "memory"
    return Settings(
        config.chart_cache,
        key,
        config.helm.workers,
        limits,
        catalogues=catalogues,
        memory=memory,
        helmfile=config.helmfile_programs,
        secrets=config.secret_variables,
        credentials=config.charts.logins,
    )


def _doorkeeper(config: Config) -> Doorkeeper:
    token = config.webhook.token
    signing = [each.get_secret_value() for each in config.webhook.signing_tokens]
    return Doorkeeper(token.get_secret_value() if token else None, signing)


def _sources(config: Config) -> Sources:
    return Sources(config.webhook.allow_networks, config.webhook.trusted_proxies)


def _targets(config: Config, wired: Tools) -> dict[tuple[str, str], Target]:
    hosts = tuple({*config.charts.allowed_hosts, *wired.catalogue.hosts})
    return {(t.project, t.name): replace(t, chart_hosts=hosts) for t in config.targets}


def _engine(
    config: Config,
    wired: Tools,
    store: SqlStore,
    forge: Forge,
    repositories: Repositories,
    targets: Mapping[tuple[str, str], Target],
    metrics: Metrics,
    runs: Runs,
    records: RunRecords,
    reverting: Reverting,
    durable: partial[Engine],
    clock: Clock,
) -> Engine:
    """The engine and its worker. `/helm plan` queues work, so commands get the engine afterwards."""
    later, steady = _Later(), SteadyClock(clock)
    keeper = Gatekeeper(forge, store, clock, metrics.phases)

    def least(command: str, project: str, target: str | None) -> int:
        return LEVELS[config.least_role(command, project, target)]

    table = answers(later, forge, repositories, wired, store, keeper, clock, steady, runs, reverting)
    worker = Worker(
        targets,
        PlanMergeRequest(forge, repositories, wired.planner, store, clock, keeper, phases=metrics.phases),
        DeployMergeRequest(
            *(forge, repositories, wired.verifier, store, steady, wired.masker, keeper),
            *(runs, records, reverting, metrics.phases),
        ),
        AnswerCommands(forge, store, table, least),
        RefreshGate(forge, store, keeper),
        WatchBranch(forge, store),
        LookForDrift(forge, repositories, wired.drifting, store, later, clock, metrics.drifted),
        metrics,
    )
    later.queue = durable(worker, on_failure=TellFailure(forge, store, wired.masker))
    return later.queue


def _durable(config: Config, database: AsyncEngine, fence: Fence, clock: Clock) -> partial[Engine]:
    return partial(
        Engine,
        config.database_url,
        fence=fence,
        kept=config.database.kept,
        purge_every=config.database.forget_every,
        under_way=SqlUnderWay(database, clock),
        clock=clock,
    )


def _sweep(
    config: Config,
    forge: Forge,
    merges: Merges,
    store: SqlStore,
    sweeps: SweepStore,
    engine: Engine,
    targets: Mapping[tuple[str, str], Target],
    metrics: Metrics,
    clock: Clock,
) -> AbstractAsyncContextManager[None]:
    def found(kind: str) -> None:
        metrics.swept.labels(kind).inc()

    every = list(targets.values())
    reach = config.sweep.reach
    sweep = Sweep(forge, merges, store, sweeps, engine, clock, every, reach=reach, found=found)
    return sweeping(sweep, config.sweep.every, engine.leads)


class _Later:
    """A queue that is filled in after it was handed out."""

    queue: Engine | None = None

    async def submit(self, work: Work) -> bool:
        """As the queue's own."""
        return await self._there().submit(work)

    async def plans(self, project: str, iid: int, target: str) -> Sequence[PlanWork]:
        """As the queue's own."""
        return await self._there().plans(project, iid, target)

    async def withdraw(self, project: str, iid: int, target: str) -> int:
        """As the queue's own."""
        return await self._there().withdraw(project, iid, target)

    def _there(self) -> Engine:
        if self.queue is None:
            raise RuntimeError("no queue yet")
        return self.queue


async def _listen(stack: AsyncExitStack, app: web.Application, host: str, port: int) -> str:
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=KEEP_ALIVE, shutdown_timeout=5.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, host, port)
    await site.start()
    listening = runner.addresses[0][1]
    return f"http://{f'[{host}]' if ':' in host else host}:{listening}"
