"""languages, the tree of concepts and their names

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "language",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(35), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_language")),
        sa.UniqueConstraint("tag", name=op.f("uq_language_tag")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["language.id"], name=op.f("fk_language_parent_id_language")
        ),
    )
    op.create_table(
        "concept",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concept")),
        sa.UniqueConstraint("kind", "code", name=op.f("uq_concept_kind_code")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["concept.id"], name=op.f("fk_concept_parent_id_concept")
        ),
        sa.CheckConstraint(
            "kind IN ('territory', 'script', 'language', 'currency', 'unit')",
            name=op.f("ck_concept_kind"),
        ),
    )
    op.create_table(
        "translation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("concept_id", sa.Integer(), nullable=False),
        sa.Column("language_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_translation")),
        sa.UniqueConstraint(
            "language_id", "concept_id", name=op.f("uq_translation_language_id_concept_id")
        ),
        sa.ForeignKeyConstraint(
            ["concept_id"], ["concept.id"], name=op.f("fk_translation_concept_id_concept")
        ),
        sa.ForeignKeyConstraint(
            ["language_id"], ["language.id"], name=op.f("fk_translation_language_id_language")
        ),
    )


def downgrade() -> None:
    op.drop_table("translation")
    op.drop_table("concept")
    op.drop_table("language")
