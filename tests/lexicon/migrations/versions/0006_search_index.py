"""an index for the search by prefix

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_translation_search_key"),
        "translation",
        ["search_key"],
        postgresql_ops={"search_key": "text_pattern_ops"},
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_translation_search_key"), table_name="translation")
