"""PostgreSQL refuses CONCURRENTLY in the transaction that Alembic opens."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.create_index("ix_orders_status", "orders", ["status"], postgresql_concurrently=True)  # QS502
