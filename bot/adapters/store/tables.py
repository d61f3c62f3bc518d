"""Our tables, for SQLite and PostgreSQL alike. A change here needs a migration (migrations/versions)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(sa.TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 in UTC."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        """To the database."""
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)
VERSION_TABLE = "purser_version"
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("received_at", Instant, nullable=False, index=True),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("works", sa.JSON, nullable=False),
    sa.Column("handed_over", sa.Boolean(create_constraint=False), nullable=False, index=True),
)

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("iid", sa.BigInteger, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("head", sa.Text, nullable=False),
    sa.Column("merge_ref", sa.Text, nullable=False),
    sa.Column("seal", sa.Text),
    sa.Column("complete", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("note_id", sa.BigInteger),
    sa.Column("shown_at", Instant),
    sa.Index("ix_plans_merge_request", "project", "iid", "target", "id"),
)

deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("iid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("merge_sha", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("seal", sa.Text),
    sa.Column("pipeline_id", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("steps", sa.JSON, nullable=False),
    sa.Index("ix_deployments_pipeline", "project", "pipeline_id"),
)

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("iid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seal", sa.Text, primary_key=True),
    sa.Column("username", sa.Text, nullable=False),
    sa.Column("note_id", sa.BigInteger, nullable=False),
)

locks = sa.Table(
    "locks",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

trail = sa.Table(
    "trail",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("iid", sa.BigInteger),
    sa.Column("facts", sa.JSON, nullable=False),
    sa.Column("once", sa.Text, nullable=False, unique=True),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Index("ix_trail_merge_request", "project", "iid", "id"),
    sa.Index("ix_trail_kind", "project", "kind", "id"),
)

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("iid", sa.BigInteger, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("seal", sa.Text, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("log", sa.Text, nullable=False),
    sa.Column("report", sa.JSON(none_as_null=True)),
)

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("iid", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("note_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text),
    sa.Column("good", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("done", sa.Boolean(create_constraint=False), nullable=False),
)

under_way = sa.Table(
    "under_way",
    metadata,
    sa.Column("work", sa.Text, primary_key=True),
    sa.Column("begun", sa.Integer, nullable=False),
    sa.Column("begun_at", Instant, nullable=False),
)
