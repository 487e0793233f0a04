"""The check is validated without keeping anybody out, and NOT NULL believes it."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.create_check_constraint(
        "ck_status", "orders", "status IS NOT NULL", postgresql_not_valid=True
    )
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE orders VALIDATE CONSTRAINT ck_status")
    op.alter_column("orders", "status", nullable=False)
    op.drop_constraint("ck_status", "orders")
