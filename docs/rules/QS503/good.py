"""It gives up after four seconds, and the deployment tries again."""

import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.add_column("orders", sa.Column("note", sa.Text()))
