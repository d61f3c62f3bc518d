"""One worker process as its parent sees it: started, asked, and killed when it takes too much."""

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from bot.adapters.helm.render_worker import OUT_OF_MEMORY
from bot.adapters.sealed.sandbox import Seal

Engine: TypeAlias = Literal["helm-sdk", "none"]
Stream = TypeVar("Stream", asyncio.StreamReader, asyncio.StreamWriter)
Death: TypeAlias = Literal["time", "memory", "output", "crash"]

_MEMORY_WORDS = (
    b"out of memory",
    b"cannot allocate",
    b"MemoryError",
    b"stack exceeds",
    b"failed to reserve",
    b"pthread_create failed",  # no room for another thread's stack
)
_START_SECONDS = 30.0
_NOISE = 8192


@dataclass(frozen=True, slots=True)
class RenderLimits:
    """What one rendering may take. Bytes and seconds; `jobs` is after how many a worker is replaced,
    `idle` after how many seconds without any work it ends: it holds some 80 MB.

    Real charts stay below 200 MB and a second. `wall_seconds` is for the case that nothing consumes anything.
    """

    memory: int = 768 * 1024 * 1024
    cpu_seconds: int = 15
    wall_seconds: float = 60.0
    input: int = 16 * 1024 * 1024
    output: int = 32 * 1024 * 1024
    jobs: int = 200
    idle: float = 300.0


class WorkerDied(Exception):
    """The worker ended in the middle of a request, by our hand or by its limits."""

    def __init__(self, reason: Death, stderr: str) -> None:
        super().__init__(reason)
        self.reason: Death = reason
        self.stderr = stderr


class Worker:
    """A process that serves one request at a time. Made by `start`."""

    def __init__(self, process: asyncio.subprocess.Process, limits: RenderLimits) -> None:
        self._process = process
        self._stdin: asyncio.StreamWriter = _piped(process.stdin)
        self._stdout: asyncio.StreamReader = _piped(process.stdout)
        self._stderr: asyncio.StreamReader = _piped(process.stderr)
        self._limits = limits
        self._noise = b""
        self._killed = False
        self._listener = asyncio.create_task(self._listen())
        self.jobs = 0
        self.version = ""
        self.seal = Seal(False, False, 0)

    @classmethod
    async def start(
        cls,
        engine: Engine,
        limits: RenderLimits,
        read: Sequence[str],
        directory: str,
        port: int | None = None,
    ) -> "Worker":
        """A worker that has sealed itself and loaded its engine; `port` is the one that it may connect to.

        It gets an empty environment and `directory` as its own. Raises RuntimeError where it cannot start.
        """
        order = {
            **{"engine": engine, "read": list(read), "port": port},
            **{"memory": limits.memory, "output": limits.output},
        }
        process = await asyncio.create_subprocess_exec(
            # Helm takes its field manager from argv[0]; a path keeps the virtual environment.
            str(Path(sys.executable).with_name("helm")),
            *("-I", "-X", "utf8", "-m", "bot.adapters.helm.render_worker", json.dumps(order)),
            executable=sys.executable,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"GOMEMLIMIT": str(limits.memory * 8 // 10), "GOTRACEBACK": "none", "HOME": directory},
            cwd=directory,
            start_new_session=True,
        )
        worker = cls(process, limits)
        await worker._greeted()
        return worker

    async def _greeted(self) -> None:
        """Waits until the worker says that it is sealed and loaded; ends it where it does not."""
        try:
            async with asyncio.timeout(_START_SECONDS):
                greeting = json.loads(await self._reply())
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            await self.stop()
            raise RuntimeError(f"a render worker did not start: {self.stderr or error}") from error
        except BaseException:
            await asyncio.shield(self.stop())
            raise
        self.version = greeting["version"]
        self.seal = Seal(**{**greeting["seal"], "missing": tuple(greeting["seal"]["missing"])})

    @property
    def alive(self) -> bool:
        """Whether it can take another request."""
        return self._process.returncode is None and self.jobs < self._limits.jobs

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def stderr(self) -> str:
        """The first of what it said on standard error in its present job: there Go names its end."""
        return self._noise.decode(errors="replace")

    async def ask(self, data: bytes) -> Any:
        """The answer to a request (JSON). Raises WorkerDied; then, or when cancelled, this worker is gone."""
        self.jobs += 1
        self._noise = b""
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                answer = await self._exchange(data)
        except TimeoutError:
            await self.stop()
            raise WorkerDied("time", self.stderr) from None
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.stop(gently=True)
            status = self._process.returncode or 0
            raise WorkerDied(death_of(status, self._noise), self.stderr) from None
        except BaseException:
            self.kill()
            raise
        if answer is None or answer.get("limit") == "output":
            await self.stop()
            raise WorkerDied("output", self.stderr)
        return answer

    def kill(self) -> None:
        """Ends it at once; `stop` reaps it."""
        # A signal to a process that has ended collects its status before asyncio does, which then complains.
        if not self._killed:
            self._killed = True
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def stop(self, *, gently: bool = False) -> None:
        """Ends it and waits for that; `gently` where its pipes are closed already and its status matters."""
        if gently:
            # Sending a signal would collect the exit status before asyncio does, which then makes one up.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), 5)
        self.kill()
        await self._listener
        await _let_go(self._process)

    async def _exchange(self, data: bytes) -> Any:
        self._stdin.write(len(data).to_bytes(4) + data)
        await self._stdin.drain()
        reply = await self._reply()
        return None if reply is None else json.loads(reply)

    async def _reply(self) -> Any:
        size = int.from_bytes(await self._stdout.readexactly(4))
        return None if size > self._limits.output else await self._stdout.readexactly(size)

    async def _listen(self) -> None:
        while data := await self._stderr.read(4096):
            self._noise += data[: _NOISE - len(self._noise)]


async def end(process: asyncio.subprocess.Process) -> None:
    """Kills the process if it is still there, and lets go of its pipes and of what is left in them."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await _let_go(process)


async def _let_go(process: asyncio.subprocess.Process) -> None:
    for stream in (process.stdout, process.stderr):
        while stream is not None and await stream.read(1 << 16):
            pass
    await process.wait()
    if process.stdin is not None:
        process.stdin.close()
        with contextlib.suppress(ConnectionError):
            await process.stdin.wait_closed()


def death_of(status: int, said: bytes) -> Death:
    """Which limit a process met that ended with this status (minus the signal) and said this at last."""
    if status == -signal.SIGXCPU:
        return "time"
    if status == OUT_OF_MEMORY or any(word in said for word in _MEMORY_WORDS):
        return "memory"
    # Not our kill: the kernel's, of a container at its own limit.
    return "memory" if status == -signal.SIGKILL else "crash"


def _piped(stream: Stream | None) -> Stream:
    if stream is None:
        raise RuntimeError("a worker without pipes")
    return stream
