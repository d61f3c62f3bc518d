"""Databases for the contract suites: SQLite always, PostgreSQL where this machine has one."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
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


@contextmanager
def postgresql(directory: Path) -> Iterator[str]:
    """The address of a server of its own, gone afterwards; skips where there is no PostgreSQL."""
    programs = _programs()
    if programs is None:
        pytest.skip("needs PostgreSQL (initdb and postgres)")
    user = _user()
    data, port = directory / "data", _free_port()
    for each in (directory, *directory.parents[:2]):
        each.chmod(0o755)
    if user is not None:
        os.chown(directory, user, -1)
    setup = [
        str(programs / "initdb"),
        "-D",
        str(data),
        "-U",
        "purser",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
    ]
    made = subprocess.run(setup, capture_output=True, user=user, cwd="/", check=False)
    if made.returncode:
        pytest.skip("PostgreSQL cannot be set up here: " + made.stderr.decode()[-200:])
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", "", "-c", "fsync=off"]
    server = subprocess.Popen(
        [str(programs / "postgres"), "-D", str(data), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        user=user,
    )
    try:
        url = f"postgresql://purser@127.0.0.1:{port}/postgres"
        with ThreadPoolExecutor(1) as apart:  # a loop may be running here
            apart.submit(lambda: asyncio.run(_answers(url, server))).result()
        yield url
    finally:
        server.terminate()
        server.wait(20)
