"""Adding a column is quick, once it has its lock; until then everybody waits behind it."""

import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.add_column("orders", sa.Column("note", sa.Text()))  # QS503
