"""The index is built inside the migration's transaction: no order can be placed meanwhile."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.create_index("ix_orders_status", "orders", ["status"])  # QS501
