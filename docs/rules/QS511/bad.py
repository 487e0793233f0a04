"""A partitioned table takes no concurrent build."""

import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.create_table(
        "events",
        sa.Column("id", sa.Integer()),
        postgresql_partition_by="RANGE (id)",
    )
    op.execute("RESET lock_timeout")
    with op.get_context().autocommit_block():
        op.create_index("ix_events_id", "events", ["id"], postgresql_concurrently=True)  # QS511
