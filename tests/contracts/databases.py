"""Databases for the contract suites: SQLite always, PostgreSQL where this machine has one."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import asyncpg
import pytest


@cache
def _programs() -> Path | None:
    places = [Path(p).parent for p in [shutil.which("initdb"), shutil.which("postgres")] if p]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in places if all((each / p).exists() for p in ("initdb", "postgres"))), None)


def _user() -> int | None:
    """PostgreSQL does not run as root: there, it runs as nobody."""
    return pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _answers(url: str, server: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                connection = await asyncpg.connect(url)
            except (OSError, asyncpg.PostgresError):
                if server.poll() is not None:
                    pytest.skip("PostgreSQL does not start here")
                await asyncio.sleep(0.05)
                continue
            await connection.close()
            return


class PostgreSql:
    """A server of its own, in a directory that `set_up` fills; skips where there is no PostgreSQL.

    `given`: in exactly that directory, which whoever runs the server must be able to reach.
    """

    def __init__(self, directory: Path, *, given: bool = False) -> None:
        found = _programs()
        if found is None:
            pytest.skip("needs PostgreSQL (initdb and postgres)")
        if _user() is not None and not given:  # pytest's folders are root's own and closed to others
            directory = Path(tempfile.mkdtemp(prefix="purser-postgresql-"))
        self._programs, self._directory, self._port = found, directory, _free_port()
        self.url = f"postgresql://purser@127.0.0.1:{self._port}/postgres"
        self._server: subprocess.Popen[bytes] | None = None

    def set_up(self) -> None:
        """Makes its files."""
        user = _user()
        if user is not None:
            os.chown(self._directory, user, -1)
        setup = [str(self._programs / "initdb"), "-D", str(self._directory / "data")]
        setup += ["-U", "purser", "-A", "trust", "-E", "UTF8", "--no-sync"]
        made = subprocess.run(setup, capture_output=True, user=user, cwd="/", check=False)
        if made.returncode:
            pytest.skip("PostgreSQL cannot be set up here: " + made.stderr.decode()[-200:])

    def start(self) -> None:
        """Returns when it answers; again after `end`, on the same port and with the same data."""
        options = ["-h", "127.0.0.1", "-p", str(self._port), "-k", "", "-c", "fsync=off"]
        self._server = server = subprocess.Popen(
            [str(self._programs / "postgres"), "-D", str(self._directory / "data"), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            user=_user(),
        )
        with ThreadPoolExecutor(1) as apart:  # a loop may be running here
            apart.submit(lambda: asyncio.run(_answers(self.url, server))).result()

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT does not wait for who is connected, SIGQUIT is as if the machine had died."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(60)
            self._server = None

    def remove(self) -> None:
        """Ends it, and takes its files away."""
        self.end()
        shutil.rmtree(self._directory, ignore_errors=True)


@contextmanager
def postgresql(directory: Path) -> Iterator[str]:
    """The address of a server of its own, gone afterwards; skips where there is no PostgreSQL."""
    server = PostgreSql(directory)
    try:
        server.set_up()
        server.start()
        yield server.url
    finally:
        server.remove()
