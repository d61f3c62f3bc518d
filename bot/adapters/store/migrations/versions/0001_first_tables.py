"""First tables: deliveries, plans, deployments, trail, meta."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("works", sa.JSON, nullable=False),
        sa.Column("handed_over", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_received_at", "deliveries", ["received_at"])
    op.create_index("ix_deliveries_handed_over", "deliveries", ["handed_over"])


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("id", _ID, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("iid", sa.BigInteger, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sa.Column("merge_ref", sa.Text, nullable=False),
        sa.Column("seal", sa.Text),
        sa.Column("complete", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
    )
    op.create_index("ix_plans_merge_request", "plans", ["project", "iid", "target", "id"])


def _deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("iid", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("merge_sha", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("seal", sa.Text),
        sa.Column("pipeline_id", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("steps", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("project", "iid", "target", name="pk_deployments"),
    )
    op.create_index("ix_deployments_pipeline", "deployments", ["project", "pipeline_id"])


def _trail() -> None:
    op.create_table(
        "trail",
        sa.Column("id", _ID, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("iid", sa.BigInteger),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("once", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_trail"),
        sa.UniqueConstraint("once", name="uq_trail_once"),
    )
    op.create_index("ix_trail_merge_request", "trail", ["project", "iid", "id"])


def upgrade() -> None:
    """To this step."""
    _deliveries()
    _plans()
    _deployments()
    _trail()
    op.create_table(
        "meta",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )


def downgrade() -> None:
    """Back from it."""
    for table in ("meta", "trail", "deployments", "plans", "deliveries"):
        op.drop_table(table)
