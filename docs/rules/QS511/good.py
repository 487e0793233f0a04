"""The index of the parent is put together from those of its partitions."""

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
    op.execute("CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (1) TO (9)")
    op.execute("CREATE INDEX ix_events_id ON ONLY events (id)")
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("CREATE INDEX CONCURRENTLY ix_events_1_id ON events_1 (id)")
        op.execute("SET lock_timeout = '4s'")
        op.execute("ALTER INDEX ix_events_id ATTACH PARTITION ix_events_1_id")
