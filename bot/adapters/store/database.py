"""The database of our tables: how it is opened, and brought to the newest migration."""

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.adapters.store.tables import VERSION_TABLE, meta
from bot.core.errors import AuthorError, TransientError

_MIGRATION_LOCK = 0x7075727365720001
TRAIL_LOCK = 0x7075727365720002
INBOX_LOCK = 0x7075727365720004
"""Keys of PostgreSQL's advisory locks; SQLite has one writer anyway."""

NEEDS = "schema:needs"
"""The row of `meta` that names the oldest step whose code can still work with the tables as they are."""

# A process that is paused in a transaction loses it, and with it whatever others wait for.
_POSTGRESQL = {"timeout": 5, "server_settings": {"idle_in_transaction_session_timeout": "10000"}}


def _async_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:
        raise AuthorError("the database's address cannot be read", code="database") from None
    backend = parsed.get_backend_name()
    match backend:
        case "sqlite":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+asyncpg")
    raise AuthorError(f"databases of the kind {backend} are not known", fix="Use sqlite or postgresql.")


def _prepare_sqlite(connection: Any, record: object) -> None:
    """One writer, durable at commit: a delivery that was answered survives a power cut."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _engine(url: URL) -> AsyncEngine:
    if url.get_backend_name() != "sqlite":
        return create_async_engine(
            url, pool_size=5, max_overflow=5, pool_pre_ping=True, connect_args=_POSTGRESQL
        )
    if url.database in (None, "", ":memory:"):
        raise AuthorError("a database in memory would forget its work", fix="Name a file.", code="database")
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    # One connection: SQLite has one writer, and queueing for it here is fairer than its busy handler.
    engine = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=60)
    sa.event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    sa.event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def alembic_config(connection: sa.Connection, more: Path | None = None) -> Config:
    """Alembic's configuration for our migrations (and those in the folder `more`), run on this connection."""
    config = Config()
    if more is not None:
        config.set_main_option(
            "version_locations", f"{Path(__file__).parent / 'migrations' / 'versions'}:{more}"
        )
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def lock(connection: AsyncConnection, key: int) -> None:
    """Until the transaction ends, nobody else gets past the same call (SQLite: the transaction itself)."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


async def connect_database(url: str) -> AsyncEngine:
    """The database at `url` as it stands, never migrated: for looking at it beside a service. `dispose()` it.

    A file that is not there is not made. Raises as `open_database`.
    """
    engine = _engine(_there(_async_url(url)))
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.text("SELECT 1"))
    except (sa.exc.DBAPIError, OSError, sqlite3.Error) as error:
        await engine.dispose()
        raise TransientError(_cannot_open(error)) from error
    return engine


async def steps(engine: AsyncEngine) -> tuple[str | None, str | None]:
    """The migration that the database is at (None: it was never used), and the newest one there is."""

    def look(connection: sa.Connection) -> tuple[str | None, str | None]:
        options = {"version_table": VERSION_TABLE}
        now = MigrationContext.configure(connection, opts=options).get_current_revision()
        return now, ScriptDirectory.from_config(alembic_config(connection)).get_current_head()

    async with engine.begin() as connection:
        return await connection.run_sync(look)


def _there(url: URL) -> URL:
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).is_file():
        fix = "Start the service once, or name the configuration that it runs with."
        raise AuthorError(f"There is no database {url.database} yet.", fix=fix, code="no-database")
    return url


def _cannot_open(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return f"the database cannot be opened: {type(cause).__name__}: {cause}"


def _migrate(connection: sa.Connection, more: Path | None) -> None:
    """To the newest step we know. Steps of a newer version stay, where they leave our code what it needs."""
    config = alembic_config(connection, more)
    now = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    if now is None or now in known:
        command.upgrade(config, "head")
    _check_needs(connection, max(known))


def _check_needs(connection: sa.Connection, ours: str) -> None:
    query = sa.select(meta.c.value).where(meta.c.name == NEEDS)
    needs = connection.execute(query).scalar_one_or_none()
    if needs is not None and needs > ours:
        raise AuthorError(
            f"A newer Purser has changed the database: this one knows its tables up to step {ours}, and they "
            f"need step {needs}.",
            fix="Run the version that changed it, or a newer one; or restore the backup from before.",
            code="database-newer",
        )


def contract(connection: sa.Connection, oldest: str) -> None:
    """For a migration that takes something away: from now on code older than step `oldest` refuses to start.

    Such a step comes one release after that whose code does without what it takes away.
    """
    connection.execute(sa.delete(meta).where(meta.c.name == NEEDS))
    connection.execute(sa.insert(meta).values(name=NEEDS, value=oldest))


async def check_schema(engine: AsyncEngine) -> None:
    """Raises AuthorError (`database-newer`) where a newer version took away what this one needs."""

    def look(connection: sa.Connection) -> None:
        head = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
        _check_needs(connection, head or "")

    async with engine.begin() as connection:
        await connection.run_sync(look)


async def open_database(url: str, more: Path | None = None) -> AsyncEngine:
    """The database at `url` (sqlite:///path or postgresql://…), migrated to the newest step; `dispose()` it.

    `more` is a folder with further steps. Several processes may call it at once: one migrates, the others
    wait. Raises AuthorError (`database`, `database-newer`) for what cannot work, TransientError where it does
    not answer.
    """
    engine = _engine(_async_url(url))
    try:
        async with engine.begin() as connection:
            await lock(connection, _MIGRATION_LOCK)
            await connection.run_sync(_migrate, more)
    except (sa.exc.DBAPIError, OSError, sqlite3.Error) as error:
        await engine.dispose()
        raise TransientError(_cannot_open(error)) from error
    except BaseException:
        await engine.dispose()
        raise
    return engine
