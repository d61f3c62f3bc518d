"""When a plan stood in its thread, by GitLab's clock: approvals have no other to be compared with."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step. Plans of before it count as shown when they were made, as they did."""
    op.add_column("plans", sa.Column("shown_at", sa.BigInteger))
    op.execute("UPDATE plans SET shown_at = created_at")


def downgrade() -> None:
    """Back from it."""
    with op.batch_alter_table("plans") as table:
        table.drop_column("shown_at")
