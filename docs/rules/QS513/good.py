"""The build waits as long as it must, and holds up nobody."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.create_index("ix_status", "orders", ["status"], postgresql_concurrently=True)
        op.execute("RESET lock_timeout")
