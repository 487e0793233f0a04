"""One long transaction elsewhere, and the build is cut off: an invalid index stays."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = '4s'")
        op.create_index("ix_status", "orders", ["status"], postgresql_concurrently=True)  # QS513
