"""The gate: consents, locks, and which command a plan was made for."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    op.add_column("plans", sa.Column("note_id", sa.BigInteger))
    op.create_table(
        "consents",
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("iid", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("user_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("seal", sa.Text, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("note_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project", "iid", "target", "user_id", "seal", name="pk_consents"),
    )
    op.create_table(
        "locks",
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project", "target", name="pk_locks"),
    )


def downgrade() -> None:
    """Back from it."""
    for table in ("locks", "consents"):
        op.drop_table(table)
    op.drop_column("plans", "note_id")
