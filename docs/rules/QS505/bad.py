"""Every order is looked up among the customers while neither table takes a write."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.create_foreign_key("fk_customer", "orders", "customers", ["customer_id"], ["id"])  # QS505
