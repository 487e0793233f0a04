"""Every order is read while nobody can read or write one."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.create_check_constraint("ck_total", "orders", "total >= 0")  # QS506
