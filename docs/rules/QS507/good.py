"""The index is built while orders are placed; the constraint takes it over in an instant."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "uq_number", "orders", ["number"], unique=True, postgresql_concurrently=True
        )
    op.execute("SET lock_timeout = '4s'")
    op.execute("ALTER TABLE orders ADD CONSTRAINT uq_number UNIQUE USING INDEX uq_number")
