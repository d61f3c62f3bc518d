"""A real Prometheus, where its program is: PURSER_TEST_PROMETHEUS, or `prometheus` on PATH.

It is not built here: its module is large, and four minutes of CPU are too much for what it shows. To make it:
a Go module that requires github.com/prometheus/prometheus v0.316.0, and in it
`CGO_ENABLED=0 go build -tags netgo,remove_all_sd github.com/prometheus/prometheus/cmd/prometheus`.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PROGRAM = os.environ.get("PURSER_TEST_PROMETHEUS") or shutil.which("prometheus")
PATIENCE = 60.0
_LISTENS = re.compile(r"Listening on.*?address=(?:\S*?)127\.0\.0\.1:(\d+)")


@asynccontextmanager
async def prometheus(folder: Path) -> AsyncIterator[str]:
    """Its address, once it answers; it scrapes nothing."""
    if PROGRAM is None:
        raise LookupError("there is no Prometheus")
    config = folder / "prometheus.yml"
    config.write_text("{}")
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--web.route-prefix=/prometheus",
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            yield await _listening(process)
    finally:
        process.terminate()
        await process.communicate()


async def _listening(process: asyncio.subprocess.Process) -> str:
    if process.stderr is None:
        raise RuntimeError("a process without its output")
    port = ""
    async for line in process.stderr:
        text = line.decode(errors="replace")
        found = _LISTENS.search(text)
        port = found[1] if found else port
        if "ready to receive web requests" in text:
            break
    return f"http://127.0.0.1:{port}"
