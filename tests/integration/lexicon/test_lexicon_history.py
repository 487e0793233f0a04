"""The Alembic history."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Column, Engine, Integer, MetaData, inspect, text

from tests.lexicon.core.database import make_engine
from tests.lexicon.migrations import alembic_config, downgrade, upgrade
from tests.lexicon.models import TABLES, Base


def _differences(engine: Engine, metadata: MetaData) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, metadata))


def test_the_head_of_the_history_equals_the_metadata(empty_postgres: Engine) -> None:
    upgrade(empty_postgres)

    assert _differences(empty_postgres, Base.metadata) == []


def test_a_column_that_no_revision_adds_is_a_difference(empty_postgres: Engine) -> None:
    upgrade(empty_postgres)
    metadata = MetaData()
    for table in TABLES:
        table.to_metadata(metadata)
    metadata.tables["concept"].append_column(Column("rank", Integer))

    assert len(_differences(empty_postgres, metadata)) == 1


def test_every_revision_goes_up_and_down_and_up_again(empty_postgres: Engine) -> None:
    script = ScriptDirectory.from_config(alembic_config())
    revisions = [revision.revision for revision in script.walk_revisions()][::-1]
    assert len(revisions) >= 5

    before = "base"
    for revision in revisions:
        upgrade(empty_postgres, revision)
        downgrade(empty_postgres, before)
        upgrade(empty_postgres, revision)
        before = revision

    downgrade(empty_postgres)
    assert inspect(empty_postgres).get_table_names() == ["alembic_version"]


def test_names_from_before_the_search_key_get_one(empty_postgres: Engine) -> None:
    upgrade(empty_postgres, "0004")
    with empty_postgres.begin() as connection:
        connection.execute(text("INSERT INTO language VALUES (1, 'de', 'German', NULL)"))
        connection.execute(text("INSERT INTO concept VALUES (1, 'territory', 'DE', NULL)"))
        connection.execute(text("INSERT INTO translation VALUES (1, 1, 1, 'Deutschland')"))

    upgrade(empty_postgres)

    with empty_postgres.connect() as connection:
        row = connection.execute(text("SELECT form, search_key FROM translation")).one()
    assert tuple(row) == ("name", "deutschland")


def test_a_loaded_database_goes_down_and_up(postgres_copy: Engine) -> None:
    downgrade(postgres_copy, "0004")
    upgrade(postgres_copy)

    assert _differences(postgres_copy, Base.metadata) == []


def test_the_history_works_on_sqlite_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("history") / "lexicon.db"
    engine = make_engine(URL.create("sqlite", database=str(file)))

    upgrade(engine)
    assert {table.name for table in TABLES} < set(inspect(engine).get_table_names())
    downgrade(engine)
    assert inspect(engine).get_table_names() == ["alembic_version"]

    engine.dispose()
