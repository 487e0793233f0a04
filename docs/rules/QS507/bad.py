"""The constraint builds its index under the strongest lock there is."""

from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.execute("SET lock_timeout = '4s'")
    op.create_unique_constraint("uq_number", "orders", ["number"])  # QS507
