"""Receipts: the newest deliveries of a source, found without reading all there are."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = "CREATE INDEX delivery_source ON delivery (source, number)"
