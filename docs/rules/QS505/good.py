"""New orders are checked at once, the old ones by a later revision: VALIDATE CONSTRAINT."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.create_foreign_key(
        "fk_customer",
        "orders",
        "customers",
        ["customer_id"],
        ["id"],
        postgresql_not_valid=True,
    )
