"""Helm's command as a renderer: one sealed `helm template` per rendering."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.adapters.helm.pool import WorkerPool, limit_error
from bot.adapters.helm.presence import Closing
from bot.adapters.helm.words import failed
from bot.adapters.helm.worker import Death, RenderLimits, death_of, end
from bot.adapters.sealed import sandbox
from bot.adapters.sealed.sandbox import Seal
from bot.adapters.sealed.scratch import Scratch
from bot.app.ports.rendering import Lookup
from bot.core.planned import EngineInfo
from bot.core.release import Rendered, RenderJob

_VERSION = re.compile(r"v?(\d+\.\d+\.\d+\S*)")
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_ERROR = re.compile(r"^Error: ", re.MULTILINE)


class CliRenderer(Closing):
    """The port Renderer. `program` is Helm 4, `read_paths` the directories that charts may lie in.

    The command runs in the sandbox of the SDK's workers: no network, no files but those, the same limits;
    what it prints is parsed in a worker. It cannot be told a revision: `.Release.Revision` is 1, and a chart
    that asks for it gets a finding. So does one that uses `lookup`, which finds nothing: Helm answers it in a
    dry run with access to a whole cluster only. Objects that Helm drops for an unknown hook event leave no
    trace in its output. A start of Helm for each rendering makes it the slower engine.
    """

    def __init__(
        self,
        program: str,
        workers: int = 2,
        limits: RenderLimits | None = None,
        read_paths: Sequence[str] = (),
    ) -> None:
        self._program = program
        self._limits = limits or RenderLimits()
        self._read = tuple(read_paths)
        self._pool = WorkerPool("none", workers, self._limits, read_paths)
        self._slots = asyncio.Semaphore(workers)
        self._scratch: Scratch | None = None

    async def start(self) -> None:
        """Asks the program for its version. Raises RuntimeError where it is not Helm 4."""
        if self._scratch is None:
            self._scratch = Scratch("purser-helm-")
        self._info = EngineInfo("helm-cli", await program_version(self._program))

    async def close(self) -> None:
        """Ends the workers."""
        await self._pool.close()
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None

    @property
    def seal_report(self) -> Seal | None:
        """What the processes have taken from themselves; None before the first rendering."""
        return self._pool.seal_report

    @property
    def renders(self) -> int:
        """Renderings so far that Helm finished."""
        return self._pool.renders

    @property
    def kills(self) -> Mapping[Death, int]:
        """Processes lost so far, by reason."""
        return dict(self._pool.kills)

    async def render(self, job: RenderJob, lookup: Lookup | None = None) -> Rendered:
        """See the port, but that `lookup` is never asked. Safe to call concurrently."""
        what = f"{job.namespace}/{job.release}"
        async with self._slots:
            try:
                output = await self._run(_arguments(job), values_document(job.values))
            except _Ended as ended:
                self._pool.kills[ended.reason] += 1
                raise limit_error(ended.reason, self._limits, what) from ended
            except _Failed as error:
                paths = {job.chart.path: job.chart.name}
                raise failed(error.words, paths, code="render-failed") from error
        request = {
            **{"op": "read", "output": output, "chart": job.chart.path, "revision": job.revision},
            **{"asks": lookup is not None, "stands": job.stands},
        }
        return await self._pool.run(request, what)

    async def _run(self, arguments: Sequence[str], values: bytes) -> str:
        order = {
            "argv": [self._program, *arguments],
            "read": self._read,
            "memory": self._limits.memory,
            "cpu": self._limits.cpu_seconds,
        }
        if self._scratch is None:
            raise RuntimeError("the renderer was not started")
        started = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(Path(sandbox.__file__)), json.dumps(order)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(self._scratch.path, self._limits),
            cwd=self._scratch.path,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                output, said = await _communicate(process, values, self._limits.output)
        except TimeoutError:
            raise _Ended("time") from None
        finally:
            await asyncio.shield(end(process))
        if process.returncode == 0:
            return output.decode(errors="replace")
        words = said.decode(errors="replace")
        found = _ERROR.search(words)
        if process.returncode == 1 and found:
            raise _Failed(words[found.end() :])
        # A Go program does not heed SIGXCPU, so that it is killed outright a little later.
        computed = (time.monotonic() - started) * (os.cpu_count() or 1) >= self._limits.cpu_seconds
        if process.returncode == -signal.SIGKILL and computed:
            raise _Ended("time")
        raise _Ended(death_of(process.returncode or 0, said))


class _Failed(Exception):
    """Helm said no, in these words."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class _Ended(Exception):
    """A limit ended the command."""

    def __init__(self, reason: Death) -> None:
        super().__init__(reason)
        self.reason: Death = reason


async def program_version(program: str) -> str:
    """The version of this Helm, such as 4.2.3. Raises RuntimeError where it is not Helm 4."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(program, "version", "--template", "{{.Version}}"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"HOME": "/nonexistent"},
        )
    except OSError as error:
        raise RuntimeError(f"{program} cannot be run: {error.strerror}") from error
    output, _ = await process.communicate()
    found = _VERSION.search(output.decode(errors="replace"))
    if found is None or not found[1].startswith("4."):
        raise RuntimeError(f"{program} is not Helm 4")
    return found[1]


def values_document(values: Mapping[str, Any]) -> bytes:
    """Values as JSON that is YAML as well, which is what Helm takes values for.

    Characters beyond the basic plane stay as they are, since YAML knows no surrogate pairs; those that YAML
    takes for line breaks, or does not print, are escaped.
    """
    text = json.dumps(values, ensure_ascii=False)
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


def _arguments(job: RenderJob) -> list[str]:
    capabilities = job.capabilities
    return [
        *("template", job.release, job.chart.path, "--namespace", job.namespace, "--values", "-"),
        *("--include-crds", "--kube-version", capabilities.kube_version),
        *(("--api-versions", ",".join(capabilities.api_versions)) if capabilities.api_versions else ()),
        *(("--is-upgrade",) if job.is_upgrade else ()),
    ]


def _environment(directory: str, limits: RenderLimits) -> Mapping[str, str]:
    """No plugins, repositories or kubeconfig and, should the filter be missing, a proxy that is not there."""
    kept = {"HOME": directory, "GOMEMLIMIT": str(limits.memory * 8 // 10), "GOTRACEBACK": "none"}
    helm = {
        f"HELM_{name}": f"{directory}/none" for name in ("PLUGINS", "CACHE_HOME", "CONFIG_HOME", "DATA_HOME")
    }
    nowhere = "http://127.0.0.1:9"
    return {**kept, **helm, "KUBECONFIG": "/dev/null", "HTTP_PROXY": nowhere, "HTTPS_PROXY": nowhere}


async def _communicate(process: asyncio.subprocess.Process, data: bytes, most: int) -> tuple[bytes, bytes]:
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:
        raise RuntimeError("a command without pipes")

    async def give() -> bytes:
        with contextlib.suppress(ConnectionError):
            stdin.write(data)
            await stdin.drain()
            stdin.close()
            await stdin.wait_closed()
        return b""

    async def take(stream: asyncio.StreamReader, bound: int) -> bytes:
        parts, size = [], 0
        while part := await stream.read(1 << 16):
            parts.append(part)
            size += len(part)
            if size > bound:
                raise _Ended("output")
        return b"".join(parts)

    work = [asyncio.ensure_future(one) for one in (give(), take(stdout, most), take(stderr, 1 << 22))]
    try:
        _, output, said = await asyncio.gather(*work)
    finally:
        for one in work:
            one.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    await process.wait()
    return output, said
