"""The way to the simulated cluster: connections can be refused, cut and slowed, without a look inside."""

import asyncio
import contextlib
import json
import random
from pathlib import Path
from types import TracebackType

from bot.demo.cluster import SimulatedCluster

LONGEST = 0.3
"""Seconds that a connection may have to wait."""


class Door:
    """A TCP server before the cluster. While `bad` is above 0, that share of connections fares ill.

    `kubeconfig` leads through it. `open` are its connections, `harmed` counts what it refused, cut or slowed.
    """

    def __init__(self, cluster: SimulatedCluster, dice: random.Random) -> None:
        self.bad = 0.0
        self.harmed = 0
        self._cluster = cluster
        self._dice = dice
        self._server: asyncio.Server | None = None
        self.open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "Door":
        self._server = await asyncio.start_server(self._taken, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def kubeconfig(self, folder: Path) -> Path:
        """Writes one that leads through the door."""
        assert self._server is not None
        content = json.loads(self._cluster.kubeconfig.read_text(encoding="utf-8"))
        port = self._server.sockets[0].getsockname()[1]
        content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
        file = folder / "kubeconfig"
        file.write_text(json.dumps(content), encoding="utf-8")
        file.chmod(0o600)
        return file

    def cut(self) -> None:
        """Ends every connection there is, as an API server does that dies."""
        for writer in list(self.open):
            self.harmed += 1
            writer.transport.abort()

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            if self._dice.random() < self.bad:
                self.harmed += 1
                if self._dice.random() < 0.5:
                    return
                await asyncio.sleep(self._dice.uniform(0, LONGEST))
            await self._carried(reader, writer)
        finally:
            self.open.discard(writer)
            writer.transport.abort()

    async def _carried(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = int(self._cluster.url.rpartition(":")[2])
        there, back = await asyncio.open_connection("127.0.0.1", port)
        ways = [asyncio.create_task(_pipe(reader, back)), asyncio.create_task(_pipe(there, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            back.transport.abort()


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(65536):
            sink.write(chunk)
            await sink.drain()
