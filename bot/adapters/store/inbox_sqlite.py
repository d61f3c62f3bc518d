"""Writing deliveries on SQLite: a thread and a connection of their own, one hop and one sync for a batch.

The usual connection takes a hop to its thread for each statement, and whoever wants it waits for the one who
has it; a sender who waits for its 202 should wait for neither.
"""

import asyncio
import json
import sqlite3
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from sqlalchemy.dialects import sqlite

from bot.adapters.store.tables import Instant

_INSTANT, _DIALECT = Instant(), sqlite.dialect()
_COLUMNS = ("key", "received_at", "event", "project", "digest", "works", "handed_over")
_KNOWN = "SELECT key FROM deliveries WHERE key IN (SELECT json_extract(value, '$[0]') FROM json_each(?))"
_VALUES = ", ".join(f"json_extract(value, '$[{index}]')" for index in range(len(_COLUMNS)))
_INSERT = (
    f"INSERT INTO deliveries ({', '.join(_COLUMNS)}) SELECT {_VALUES} FROM json_each(?)"  # noqa: S608 - ours
    " WHERE true ON CONFLICT DO NOTHING"
)


class SqliteDeliveries:
    """`open()` it first. Rows are those of the table `deliveries`."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Raises what SQLite raises."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    def _open(self) -> None:
        # The usual connection's module: two SQLite libraries in one process undo each other's locks.
        self._connection = sqlite3.connect(self._file, timeout=10, isolation_level=None)
        # The usual connection brings the log into the file, beside us: here it would keep a sender waiting.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=20000"):
            self._connection.execute(f"PRAGMA {pragma}")

    async def insert(self, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        """Keeps them durably, in one transaction; gives the keys that were new."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._insert, rows)

    def _insert(self, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        if self._connection is None:
            raise RuntimeError("insert() before open()")
        # The batch is one value: each call into SQLite gives Python's lock away and has to wait for it again.
        batch = json.dumps([_plain(row) for row in rows])
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            known = {key for (key,) in self._connection.execute(_KNOWN, (batch,))}
            self._connection.execute(_INSERT, (batch,))
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        return {row["key"] for row in rows} - known

    async def close(self) -> None:
        """Lets what is under way end."""
        loop = asyncio.get_running_loop()
        if self._connection is not None:
            await loop.run_in_executor(self._thread, self._connection.close)
            self._connection = None
        await asyncio.to_thread(self._thread.shutdown)


def _plain(row: Mapping[str, Any]) -> list[Any]:
    """In the order of the columns, as the usual connection would write it."""
    at = _INSTANT.process_bind_param(row["received_at"], _DIALECT)
    written = {**row, "received_at": at, "works": json.dumps(row["works"])}
    return [written[column] for column in _COLUMNS]
