"""PostgreSQL reads all orders for a NULL while nobody can read or write one."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.alter_column("orders", "status", nullable=False)  # QS508
