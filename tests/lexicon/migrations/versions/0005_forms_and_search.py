"""several forms of a name, a search key, and more facts about languages and concepts

Existing names become the form "name" and get their search key from the
database's own lower(); new ones are case-folded by the application.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("language") as language:
        language.add_column(sa.Column("autonym", sa.String(120), nullable=True))
        language.add_column(
            sa.Column("right_to_left", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("language") as language:
        language.alter_column("right_to_left", server_default=None)
    with op.batch_alter_table("concept") as concept:
        concept.add_column(sa.Column("definition", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("concept") as concept:
        concept.alter_column("definition", server_default=None)
    with op.batch_alter_table("translation") as translation:
        translation.add_column(
            sa.Column("form", sa.String(8), nullable=False, server_default="name")
        )
        translation.add_column(sa.Column("search_key", sa.Text(), nullable=True))
    op.execute("UPDATE translation SET search_key = lower(text)")
    with op.batch_alter_table("translation") as translation:
        translation.alter_column("form", server_default=None)
        translation.alter_column("search_key", nullable=False)
        translation.drop_constraint(op.f("uq_translation_language_id_concept_id"), type_="unique")
        translation.create_unique_constraint(
            op.f("uq_translation_language_id_concept_id_form"),
            ["language_id", "concept_id", "form"],
        )


def downgrade() -> None:
    op.execute("DELETE FROM translation WHERE form <> 'name'")
    with op.batch_alter_table("translation") as translation:
        translation.drop_constraint(
            op.f("uq_translation_language_id_concept_id_form"), type_="unique"
        )
        translation.create_unique_constraint(
            op.f("uq_translation_language_id_concept_id"), ["language_id", "concept_id"]
        )
        translation.drop_column("search_key")
        translation.drop_column("form")
    with op.batch_alter_table("concept") as concept:
        concept.drop_column("definition")
    with op.batch_alter_table("language") as language:
        language.drop_column("right_to_left")
        language.drop_column("autonym")
