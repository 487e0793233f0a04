"""A new column costs nothing; it is filled in batches, and the old one goes later."""

import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.add_column("orders", sa.Column("big_number", sa.BigInteger()))
