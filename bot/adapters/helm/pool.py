"""A few workers, and renderings waiting for one of them."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import structlog

from bot.adapters.helm.standing import Standing
from bot.adapters.helm.worker import Death, Engine, RenderLimits, Worker, WorkerDied
from bot.adapters.sealed.sandbox import Seal
from bot.adapters.sealed.scratch import Scratch
from bot.core.errors import AuthorError, Where
from bot.core.model import Finding, Level, ObjectRef
from bot.core.release import Hook, Rendered

log = structlog.get_logger()


class LookupCalled(Exception):
    """A template asked the cluster, in a worker that can ask nobody."""


class WorkerPool:
    """At most `workers` processes; each is started when it is needed and replaced when it dies.

    After a while without any rendering they end; also where a directory that they may read was made anew.

    `port` is the one that they may connect to, where there is one.
    """

    def __init__(
        self,
        engine: Engine,
        workers: int,
        limits: RenderLimits,
        read_paths: Sequence[str],
        port: int | None = None,
    ) -> None:
        self._engine: Engine = engine
        self._limits = limits
        self._read = tuple(read_paths)
        self._standing = Standing(self._read)
        self._port = port
        self._slots = asyncio.Semaphore(workers)
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._blind: set[Worker] = set()
        self._scratch: Scratch | None = None
        self._closed = False
        self._version = ""
        self._timer: asyncio.TimerHandle | None = None
        self._resting: asyncio.Task[None] | None = None
        self._seal: Seal | None = None
        self.renders = 0
        self.kills: Counter[Death] = Counter()

    @property
    def seal_report(self) -> Seal | None:
        """What the newest worker took from itself; None before the first one."""
        return self._seal

    @property
    def pids(self) -> frozenset[int]:
        """The processes that are there now."""
        return frozenset(worker.pid for worker in self._all)

    async def start(self) -> str:
        """Starts one worker, once, to see that it works; gives its engine's version. Raises RuntimeError."""
        if not self._version:
            async with self._slots:
                worker = await self._take()
                self._version = worker.version
                await self._keep(worker)
        return self._version

    async def close(self) -> None:
        """Ends all workers for good. Renderings under way fail."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._resting is not None:
            await self._resting
        workers, self._all, self._idle = list(self._all), set(), []
        await asyncio.gather(*(worker.stop() for worker in workers))
        self._standing.close()
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None

    async def run(self, request: Mapping[str, Any], what: str) -> Rendered:
        """The rendering; `what` names it in messages.

        Raises AuthorError `render-failed`, `render-limit`, and LookupCalled.
        """
        data = json.dumps({**request, "cpu": self._limits.cpu_seconds}).encode()
        if len(data) > self._limits.input and request["op"] == "render":
            raise _too_large(self._limits, what)
        async with self._slots:
            self.renders += 1
            used = bool(self._idle)
            try:
                answer = await self._ask(data, what)
            except WorkerDied as death:
                # A worker that had stood about or worked before may have died of that; a new one tells.
                if not used or death.reason in ("time", "output"):
                    raise limit_error(death.reason, self._limits, what) from death
                answer = await self._once_more(data, what)
        return _rendered(answer)

    async def _once_more(self, data: bytes, what: str) -> Any:
        while self._idle:
            await self._drop(self._idle.pop())
        try:
            return await self._ask(data, what)
        except WorkerDied as death:
            raise limit_error(death.reason, self._limits, what) from death

    async def _ask(self, data: bytes, what: str) -> Any:
        worker = await self._take()
        try:
            answer = await worker.ask(data)
        except WorkerDied as death:
            self._all.discard(worker)
            self.kills[death.reason] += 1
            log.warning("render.killed", what=what, reason=death.reason)
            raise
        except BaseException:
            await asyncio.shield(self._drop(worker))
            raise
        await self._keep(worker)
        return answer

    async def _take(self) -> Worker:
        if self._closed:
            raise RuntimeError("the renderer was closed")
        if self._standing.changed():
            self._blind = set(self._all)
            await self._end_idle()
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            await self._drop(worker)
        if self._scratch is None:
            self._scratch = Scratch("purser-render-")
        directory = self._scratch.path
        worker = await Worker.start(self._engine, self._limits, self._read, directory, self._port)
        self._all.add(worker)
        if self._seal is None and worker.seal.missing:
            log.warning("render.unsealed", missing=worker.seal.missing)
        self._seal = worker.seal
        return worker

    async def _keep(self, worker: Worker) -> None:
        if not worker.alive or worker in self._blind:
            await self._drop(worker)
            return
        self._idle.append(worker)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._limits.idle, self._rest)

    def _rest(self) -> None:
        self._resting = asyncio.create_task(self._end_idle(), name="render-rest")

    async def _end_idle(self) -> None:
        while self._idle:
            await self._drop(self._idle.pop())

    async def _drop(self, worker: Worker) -> None:
        self._all.discard(worker)
        self._blind.discard(worker)
        await worker.stop()


def limit_error(reason: Death, limits: RenderLimits, what: str) -> AuthorError:
    """What to tell the author of a rendering that met its limits; `what` names it."""
    match reason:
        case "time":
            said = f"took longer than {limits.cpu_seconds} s of computing or {limits.wall_seconds:g} s in all"
            fix = "Look for loops over large ranges, templates that include themselves, keys made in a loop."
        case "memory":
            said = f"needed more than {limits.memory // 2**20} MB of memory"
            fix = "Look for `repeat`, `until` and values that grow in a loop."
        case "output":
            said = f"makes more than {limits.output // 2**20} MB of objects"
            fix = "Render less, or split the release."
        case "crash":
            said = "brought Helm down"
            fix = "Try the chart with `helm template`; what it does there is Helm's affair."
        case _:
            assert_never(reason)
    return AuthorError(f"Rendering {what} {said}; it was ended.", fix=fix, code="render-limit")


def _too_large(limits: RenderLimits, what: str) -> AuthorError:
    return AuthorError(
        f"The values of {what} are larger than {limits.input // 2**20} MB.",
        fix="Move large texts out of the values.",
        code="render-limit",
    )


def _rendered(answer: Mapping[str, Any]) -> Rendered:
    match answer:
        case {"rendered": found}:
            return Rendered(
                **{
                    **found,
                    "objects": tuple(found["objects"]),
                    "crds": tuple(found["crds"]),
                    "hooks": tuple(_hook(hook) for hook in found["hooks"]),
                    "findings": tuple(_finding(finding) for finding in found["findings"]),
                }
            )
        case {"error": {"what": what, "where": where, "fix": fix, "code": code}}:
            raise AuthorError(what, where=Where(*where) if where else None, fix=fix, code=code)
        case {"asks": True}:
            raise LookupCalled
        case {"bug": trace}:
            raise RuntimeError(f"a render worker failed:\n{trace}")
    raise RuntimeError(f"a render worker answered {sorted(answer)}")


def _hook(found: Mapping[str, Any]) -> Hook:
    return Hook(found["manifest"], tuple(found["events"]), found["weight"], tuple(found["delete_policies"]))


def _finding(found: Mapping[str, Any]) -> Finding:
    named = ObjectRef(**found["object"]) if found["object"] else None
    return Finding(Level(found["level"]), found["code"], found["message"], found["fix"], named)
