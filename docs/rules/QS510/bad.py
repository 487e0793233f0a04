"""DROP INDEX waits for every query of the table, and all others wait behind it."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.drop_index("ix_orders_number", table_name="orders")  # QS510
