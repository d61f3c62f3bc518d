"""Alembic's way in: runs the steps on the connection that the caller hands over."""

from alembic import context

from bot.adapters.store.tables import VERSION_TABLE, metadata


def _ours(name: str | None, kind: str, parents: object) -> bool:
    """The engine keeps its own tables beside ours: they are none of our business."""
    return kind != "table" or name in metadata.tables


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    include_name=_ours,
    render_as_batch=True,
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
