"""A Helm that changes a cluster, as a process: watched and waited for, never killed.

Killing Helm half-way leaves a release `pending-…`, which refuses every later upgrade. So there is no limit
and no deadline here, and it stands in a session of its own, where no signal to us reaches it. When the caller
is cancelled, Helm is asked to stop once (SIGTERM) and waited for: it marks the release failed and ends.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    """How it went: the exit status, all of standard output, and the last of standard error."""

    status: int
    output: str
    said: str


async def run(
    argv: Sequence[str],
    *,
    data: bytes,
    environment: Mapping[str, str],
    directory: str,
    line: Callable[[str], None],
    executable: str | None = None,
    may_stop: bool = True,
    keep: Sequence[int] = (),
) -> Ended:
    """Runs it to its end. `data` is its input; `line` gets each line of standard error.

    `may_stop` is False for what has no orderly way to stop: then a cancelled caller just waits. `keep` are
    open files that it inherits, so that what they lock stays locked until it ends.
    """
    process = await _begin(argv, executable, environment, directory, keep)
    work = asyncio.create_task(_follow(process, data, line))
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError as error:
            if cancelled is None and may_stop:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return work.result()


def environment_for_deploys(directory: str) -> dict[str, str]:
    """Ours, since it may hold what opens the cluster, but without Helm's own configuration and plugins."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HELM_")}
    places = ("PLUGINS", "CACHE_HOME", "CONFIG_HOME", "DATA_HOME")
    return {**kept, **{f"HELM_{name}": os.path.join(directory, name.lower()) for name in places}}


async def _begin(
    argv: Sequence[str],
    executable: str | None,
    environment: Mapping[str, str],
    directory: str,
    keep: Sequence[int],
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *argv,
        executable=executable,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=directory,
        start_new_session=True,
        pass_fds=tuple(keep),
        limit=1 << 20,
    )


async def _follow(process: asyncio.subprocess.Process, data: bytes, line: Callable[[str], None]) -> Ended:
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    if stdin is None or stdout is None or stderr is None:
        raise RuntimeError("a command without pipes")

    async def give() -> None:
        with contextlib.suppress(ConnectionError):
            stdin.write(data)
            await stdin.drain()
            stdin.close()
            await stdin.wait_closed()

    async def listen() -> str:
        heard: list[str] = []
        while raw := await stderr.readline():
            heard = [*heard[-199:], raw.decode(errors="replace").rstrip("\n")]
            line(heard[-1])
        return "\n".join(heard)

    _, output, said = await asyncio.gather(give(), stdout.read(), listen())
    return Ended(await process.wait(), output.decode(errors="replace"), said)
