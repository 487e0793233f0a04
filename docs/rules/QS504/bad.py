"""After a build that was cut off, the next run skips it and leaves the index invalid."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_status ON orders (status)")  # QS504
