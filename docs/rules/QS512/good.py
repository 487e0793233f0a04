"""The new column stands beside the old one until all code uses it."""

import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.add_column("orders", sa.Column("amount", sa.Numeric()))
