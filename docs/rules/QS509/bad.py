"""Every order is copied, and every index of the table built anew."""

import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.alter_column("orders", "number", type_=sa.BigInteger(), existing_type=sa.Integer())  # QS509
