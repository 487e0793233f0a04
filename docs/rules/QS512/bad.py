"""Until the last process is restarted, every SELECT of an order names a column that is gone."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.alter_column("orders", "total", new_column_name="amount")  # QS512
