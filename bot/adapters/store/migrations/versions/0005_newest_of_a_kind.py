"""The newest entries of a kind, which sweeps and commands ask for, by an index."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this step."""
    op.create_index("ix_trail_kind", "trail", ["project", "kind", "id"])


def downgrade() -> None:
    """Back from it."""
    op.drop_index("ix_trail_kind", "trail")
