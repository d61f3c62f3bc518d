"""Answers to commands, from when a command was carried out until its reply stands in the thread."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "replies",
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("iid", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("note_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("text", sa.Text),
        sa.Column("good", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("done", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("project", "iid", "note_id", "number", name="pk_replies"),
    )


def downgrade() -> None:
    """Back from it."""
    op.drop_table("replies")
