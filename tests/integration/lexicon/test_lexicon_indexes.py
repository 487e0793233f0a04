"""The indexes that are missing on purpose."""

import pytest
from sqlalchemy import Connection, Engine, text

from tests.lexicon.indexes import (
    MISSING_INDEXES,
    MissingIndex,
    create_missing_indexes,
    drop_missing_indexes,
)


def _plan(connection: Connection, query: str) -> str:
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    return "\n".join(connection.execute(text(f"EXPLAIN {query}")).scalars())


@pytest.mark.parametrize("missing", MISSING_INDEXES, ids=lambda missing: missing.name)
def test_the_query_uses_its_index_once_it_is_there(
    postgres_copy: Engine, missing: MissingIndex
) -> None:
    with postgres_copy.begin() as connection:
        before = _plan(connection, missing.query)
        rows = connection.execute(text(missing.query)).all()
        create_missing_indexes(connection)
        after = _plan(connection, missing.query)

        assert missing.name not in before
        assert missing.name in after
        assert sorted(connection.execute(text(missing.query)).all()) == sorted(rows)


def test_indexes_are_created_once_and_dropped(postgres_copy: Engine) -> None:
    with postgres_copy.begin() as connection:
        assert len(create_missing_indexes(connection)) == len(MISSING_INDEXES)
        assert create_missing_indexes(connection) == ()
        drop_missing_indexes(connection)
        assert len(create_missing_indexes(connection)) == len(MISSING_INDEXES)
