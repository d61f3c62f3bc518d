"""Work that began and has not ended, so that what ends its process again and again is seen."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    op.create_table(
        "under_way",
        sa.Column("work", sa.Text, nullable=False),
        sa.Column("begun", sa.Integer, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("work", name="pk_under_way"),
    )


def downgrade() -> None:
    """Back from it."""
    op.drop_table("under_way")
