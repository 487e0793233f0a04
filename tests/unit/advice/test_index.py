"""An index is spelled as PostgreSQL reads it."""

import pytest

from querysafe.advice.index import Index, Key, Table

ORDERS = Table("public", "Orders")


@pytest.mark.parametrize(
    ("index", "spelled"),
    [
        (
            Index(ORDERS, (Key("id"),)),
            'CREATE INDEX "i" ON "public"."Orders" USING btree ("id")',
        ),
        (
            Index(ORDERS, (Key("at", descending=True), Key("id", nulls_first=True)), unique=True),
            'CREATE UNIQUE INDEX "i" ON "public"."Orders" USING btree'
            ' ("at" DESC, "id" NULLS FIRST)',
        ),
        (
            Index(ORDERS, (Key("at", descending=True, nulls_first=False),), include=("a", 'b"c')),
            'CREATE INDEX "i" ON "public"."Orders" USING btree ("at" DESC NULLS LAST)'
            ' INCLUDE ("a", "b""c")',
        ),
        (
            Index(
                ORDERS,
                (Key(expression='lower("email")', operator_class="text_pattern_ops"),),
                where='"deleted_at" IS NULL',
            ),
            'CREATE INDEX "i" ON "public"."Orders" USING btree'
            ' ((lower("email")) text_pattern_ops) WHERE "deleted_at" IS NULL',
        ),
        (
            Index(ORDERS, (Key("at"),), method="brin", storage=(("pages_per_range", "32"),)),
            'CREATE INDEX "i" ON "public"."Orders" USING brin ("at") WITH (pages_per_range = 32)',
        ),
    ],
)
def test_create_index_names_all_that_it_is(index: Index, spelled: str) -> None:
    assert index.create("i") == spelled


def test_concurrently_stands_before_the_name() -> None:
    assert (
        Index(ORDERS, (Key("id"),))
        .create("i", concurrently=True)
        .startswith('CREATE INDEX CONCURRENTLY "i" ON')
    )
