"""Nobody waits."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_orders_number", table_name="orders", postgresql_concurrently=True)
