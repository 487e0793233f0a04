"""Whatever an earlier attempt left goes first."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_status")
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_status ON orders (status)")
