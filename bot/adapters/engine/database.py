"""Where the engine keeps its tables. On SQLite a file's lock keeps a second process away from them."""

import asyncio
import fcntl
import logging
import os
import secrets
import socket
import sqlite3
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from dbos import DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy.engine import make_url

from bot.adapters.engine.place import Alone, Fence, Place
from bot.adapters.engine.seat import Seat
from bot.core.errors import AuthorError

_OLDEST_SQLITE = (3, 42, 0)


def _sqlite_module() -> Any:
    """A SQLite driver that is new enough for the engine (3.42)."""
    try:
        dbapi2: Any = import_module("pysqlite3.dbapi2")
    except ImportError:
        dbapi2 = sqlite3
    if dbapi2.sqlite_version_info < _OLDEST_SQLITE:
        raise AuthorError(
            f"SQLite {dbapi2.sqlite_version} is too old for the engine",
            fix="Use SQLite 3.42 or newer (pip install pysqlite3-binary) or PostgreSQL.",
            code="database",
        )
    return dbapi2


class EngineDatabase:
    """`url` is that of our own tables: on SQLite the engine has a file beside it, on PostgreSQL a schema.

    `place` is this process's among those that share the database; it is taken by `open`. `silence` are the
    seconds after which a process that PostgreSQL does not hear counts as gone.
    """

    def __init__(self, url: str, fence: Fence, silence: float) -> None:
        self._url = make_url(url)
        self._is_sqlite = self._url.get_backend_name() == "sqlite"
        self._silence = silence
        self._lock_file: IO[bytes] | None = None
        self.place: Place = Alone(fence) if self._is_sqlite else self._seat(fence)

    def _seat(self, fence: Fence) -> Seat:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        executor = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        return Seat(plain, executor, fence, self._silence)

    @property
    def _file(self) -> Path:
        ours = Path(str(self._url.database))
        return ours.with_name(f"{ours.stem}-engine{ours.suffix}")

    async def open(self, moved: Callable[[bool], None]) -> None:
        """Takes the place. Raises AuthorError (`already-running`) where another process has the file."""
        if self._is_sqlite:
            await self._lock()
        try:
            await self.place.take(moved)
        except BaseException:
            await self.close()
            raise

    async def _lock(self) -> None:
        await asyncio.to_thread(self._file.parent.mkdir, parents=True, exist_ok=True)
        self._lock_file = open(self._file.with_suffix(".lock"), "wb")  # noqa: SIM115, ASYNC230 - held until close
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await self.close()
            raise AuthorError(
                "another purser works on this database",
                fix="Stop it first, or give this one another data_dir. Several at once need PostgreSQL.",
                code="already-running",
            ) from None
        await asyncio.to_thread(self._prepare_file)

    def _prepare_file(self) -> None:
        """Write-ahead logging is a property of the file, so it is set once before the engine opens it."""
        connection = _sqlite_module().connect(str(self._file))
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()

    def settings(self, poll: float) -> DBOSConfig:
        """The engine's settings; it looks for messages every `poll` seconds."""
        common: DBOSConfig = {
            "name": "purser",
            "application_version": "1",  # else a hash of the source, and an upgrade forgets what is under way
            "executor_id": self.place.executor,
            "serializer": DBOSPortableJSONSerializer(),  # else pickle
            "enable_otlp": False,
            "console_log_level": "WARNING",
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": poll,
            "scheduler_polling_interval_sec": 3600.0,
        }
        if self._is_sqlite:
            common["system_database_url"] = f"sqlite:///{self._file}"
            common["sys_db_pool_size"] = 2
            common["db_engine_kwargs"] = {"module": _sqlite_module(), "pool_size": 2, "max_overflow": 0}
        else:
            url = self._url.set(drivername="postgresql+psycopg")
            common["system_database_url"] = url.render_as_string(hide_password=False)
            common["sys_db_pool_size"] = 5
            common["sys_db_idle_transaction_timeout_sec"] = self._silence  # a paused process keeps no row
        return common

    async def close(self) -> None:
        """Gives the place back."""
        await self.place.leave()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def quiet(*known: type[Exception]) -> None:
    """Takes from the engine's log what is no news: work that ended in `known`, and work that a stop cut off.

    Work cut off has nothing written down about its end, so the next start takes it up again.
    """

    def is_news(record: logging.LogRecord) -> bool:
        failure = record.exc_info[1] if record.exc_info else None
        cut_off = "Asyncio task cancelled" in record.getMessage() or "after shutdown" in str(failure)
        return not isinstance(failure, known) and not cut_off

    log = logging.getLogger("dbos")
    if not log.handlers:
        log.addHandler(logging.NullHandler())  # else it brings a console handler of its own
        log.addFilter(is_news)
