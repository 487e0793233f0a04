"""A revision is written into projects of every layout, and has been proven before."""

import ast
from pathlib import Path
from typing import Any

import pytest

from querysafe.advice.advice import Remark
from querysafe.advice.index import Key
from querysafe.advice.planner import Existing
from querysafe.advice.revision.catalog import snapshot
from querysafe.advice.revision.errors import RevisionError
from querysafe.advice.revision.project import Place, Project
from querysafe.advice.revision.write import Wish, connected, write_revision
from tests.integration.advice.revision import projects
from tests.integration.advice.revision.advices import advice, advised, index
from tests.integration.advice.revision.conftest import Empty, tree

KINDS = (
    advised("ix_orders_customer_id", index("orders", "customer_id")),
    advised("ix_lower", index("customers", Key(expression='lower("email"::text)'))),
    advised(
        "ix_pattern",
        index(
            "customers",
            Key(expression='lower("email"::text)', operator_class="text_pattern_ops"),
        ),
    ),
    advised(
        "ix_live",
        index(
            "orders",
            "status",
            Key(column="created_at", descending=True, nulls_first=False),
            where='"deleted_at" IS NULL AND "status"::text ~~ \'%a:b\\%\'::text',
            include=("number",),
        ),
    ),
    advised("ix_nulls", index("orders", Key(column="deleted_at", nulls_first=True), "id")),
    advised(
        "ix_data",
        index("orders", Key(column="data", operator_class="jsonb_path_ops"), method="gin"),
    ),
    advised("ix_key", index("orders", Key(expression="\"data\" ->> 'Key'::text"), unique=True)),
    advised(
        "ix_brin",
        index("orders", "created_at", method="brin", storage=(("pages_per_range", "32"),)),
    ),
    advised(
        "ix_trgm",
        index(
            "customers",
            Key(column="text", operator_class="gin_trgm_ops"),
            method="gin",
            extensions=("pg_trgm",),
        ),
    ),
    advised(
        "ix_day", index("orders", Key(expression="date_trunc('day'::text, \"created_at\")"), "id")
    ),
)


def indexes_of(place: Place) -> dict[tuple[str, str], tuple[str, bool]]:
    with connected(place) as connection:
        return snapshot(connection)


def execute(place: Place, *statements: str) -> list[Any]:
    with connected(place) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_every_kind_of_index_is_upgraded_downgraded_and_declared_in_the_models(
    tmp_path: Path, empty_on_each: Empty
) -> None:
    place = empty_on_each()
    project = Project.find(projects.flat(tmp_path))
    written = write_revision(advice(*KINDS), project, Wish(models=True), place=place)
    assert written.path == tmp_path / "migrations/versions" / written.path.name
    assert written.path.read_text() == written.source
    assert written.paste == () and written.notes == ()
    assert "alembic check is clean of it" in written.steps
    docstring = ast.get_docstring(ast.parse(written.source))
    assert docstring is not None
    assert docstring.startswith("indexes of customers, orders\n\nix_orders_customer_id\n")
    for told in (
        "1,200 calls, cost 4,312.5 -> 8.4",
        "shop/orders.py:12 in list_orders",
        "size about 11 MB",
        "writes cost 310",
        "Statistics of production",
        "Revises: a1b2c3d4e5f6",
    ):
        assert told in docstring

    names = {name for (_, name) in indexes_of(place)}
    assert {each.name for each in KINDS} <= names
    # A failure half-way: one index is missing, another one was left invalid.
    execute(
        place,
        "DROP INDEX ix_data",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_live'::regclass",
    )
    project.call(
        place,
        [("stamp", {"revision": "a1b2c3d4e5f6"}), ("upgrade", {"revision": written.revision})],
    )
    after = indexes_of(place)
    assert {name for (_, name) in after} == names
    assert all(valid for _, valid in after.values())

    # What --sql prints does the same, on the state before it, over the same faults.
    project.call(place, [("downgrade", {"revision": "a1b2c3d4e5f6"})])
    assert not {each.name for each in KINDS} & {name for (_, name) in indexes_of(place)}
    execute(
        place,
        "CREATE INDEX ix_lower ON customers (lower(email))",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_lower'::regclass",
    )
    execute(place, *_statements(written.sql))
    assert {name for (_, name) in indexes_of(place)} == names
    assert all(valid for _, valid in indexes_of(place).values())


def _statements(script: str) -> list[str]:
    """The statements of a script of Alembic: each ends with a semicolon and an empty line."""
    return [part for part in script.split(";\n\n") if part.strip()]


def test_the_limits_of_the_session_are_given_back_after_the_build(
    tmp_path: Path, empty: Empty
) -> None:
    place = empty()
    project = Project.find(projects.flat(tmp_path))
    env = tmp_path / "migrations/env.py"
    env.write_text(
        env.read_text().replace(
            "            context.run_migrations()\n\n\nif",
            "            connection.exec_driver_sql(\"SET lock_timeout = '7s'\")\n"
            "            context.run_migrations()\n"
            "            shown = connection.exec_driver_sql('SHOW lock_timeout').scalar()\n"
            "            assert shown == '7s', shown\n\n\nif",
        )
    )
    assert "7s" in env.read_text()
    written = write_revision(advice(KINDS[0]), project, place=place)
    assert written.steps[0] == "upgraded"


def test_an_async_env_with_its_own_url_and_dated_folders_is_followed(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.asynchronous(tmp_path))
    wish = Wish(models=True, message="speed up orders")
    written = write_revision(advice(KINDS[0]), project, wish, place=empty())
    folder = written.path.parent
    assert folder.parent == tmp_path / "migrations/versions" and folder.name.isdigit()
    assert written.path.name == f"{written.revision}_speed_up_orders.py"
    assert written.source.startswith("# ix_orders_customer_id\n")
    assert "import sqlalchemy as sa\n" in written.source


def test_an_env_that_wraps_an_engine_to_make_it_async_is_given_an_async_driver(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.asynchronous(tmp_path))
    env = tmp_path / "migrations/env.py"
    text = env.read_text().replace("import create_async_engine", "import AsyncEngine")
    made = "AsyncEngine(engine_from_config(context.config.get_section('alembic')))"
    text = text.replace("create_async_engine(URL, poolclass=NullPool)", made)
    env.write_text(f"from sqlalchemy import engine_from_config\n{text}")
    written = write_revision(advice(KINDS[0]), project, place=empty())
    assert written.steps[0] == "upgraded"


def test_several_heads_are_an_error_that_names_them_and_a_head_is_followed_into_its_folder(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.branches(tmp_path))
    wanted = advice(advised("ix_invoices_order_id", index("invoices", "order_id")))
    before = tree(tmp_path)
    with pytest.raises(RevisionError) as error:
        write_revision(wanted, project, place=empty())
    assert "2 heads" in error.value.message
    assert "a1b2c3d4e5f6 [shop]" in error.value.message
    assert "b00000000001 [billing] (invoices)" in error.value.message
    assert "--head" in (error.value.hint or "")
    with pytest.raises(RevisionError, match="nonsense"):
        write_revision(wanted, project, Wish(head="nonsense"), place=empty())
    assert tree(tmp_path) == before
    wish = Wish(head="billing@head", branch_label="faster", models=True)
    written = write_revision(wanted, project, wish, place=empty())
    assert written.path.parent == tmp_path / "billing/versions"
    assert "down_revision: Union[str, Sequence[str], None] = 'b00000000001'" in written.source
    assert "branch_labels: Union[str, Sequence[str], None] = ('faster',)" in written.source


def test_schemas_the_naming_convention_and_core_tables_are_respected(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.schemas(tmp_path))
    wanted = advice(
        advised("ix_e", index("events", "user_id", "kind", schema="app")),
        advised("ix_p", index("events", "user_id", "kind", schema="app", where='"id" > 9')),
        advised("ix_x", index("events", Key(expression='"id" + 1'), schema="app")),
        advised("ix_t", index("tags", "Label", schema="app")),
    )
    written = write_revision(wanted, project, Wish(models=True), place=empty())
    assert written.names == {
        "ix_e": "idx_events__user_id_kind",
        "ix_p": "idx_events__user_id_kind_2",
        "ix_x": "ix_x",
        "ix_t": "idx_tags__Label",
    }
    assert 'op.f("idx_events__user_id_kind")' in written.source
    assert 'schema="app"' in written.source
    models = (tmp_path / "cshop/models.py").read_text()
    assert '        {"schema": "app"},\n    )\n' in models
    assert 'nullable=False),  # mixed case\n    schema="app",\n    sa.Index' not in models
    assert 'sa.Index("idx_tags__Label", "Label"),\n' in models


def test_a_partitioned_table_is_done_partition_by_partition_those_of_today_included(
    tmp_path: Path, empty_on_each: Empty
) -> None:
    place = empty_on_each()
    project = Project.find(projects.partitioned(tmp_path))
    wanted = advice(advised("ix_m", index("measurements", "place", Key(column="id"))))
    written = write_revision(wanted, project, Wish(models=True), place=place)
    assert written.paste == ('paste into the model of measurements: Index("ix_m", "place", "id")',)
    project.call(place, [("downgrade", {"revision": "d00000000002"})])
    # Production has a partition more, and a build of another failed there.
    name = "measurements_2025_f74385c0"
    assert name in written.source
    execute(
        place,
        "CREATE TABLE measurements_2024 PARTITION OF measurements "
        "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        f"CREATE INDEX {name} ON measurements_2025 (place, id)",
        f"UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{name}'::regclass",
    )
    project.call(place, [("upgrade", {"revision": written.revision})])
    found = indexes_of(place)
    assert all(valid for _, valid in found.values())
    assert sum("(place, id)" in definition for definition, _ in found.values()) == 5
    with pytest.raises(RevisionError, match="missing, invalid or on another table: ix_m"):
        # --sql knows the partitions of its time only, and says that it was not enough.
        project.call(place, [("downgrade", {"revision": "d00000000002"})])
        _script(place, written.sql)


def _script(place: Place, script: str) -> None:
    import psycopg

    try:
        execute(place, *_statements(script))
    except psycopg.Error as error:
        raise RevisionError(str(error)) from None


def test_an_index_that_the_models_declare_gets_their_name_and_no_second_declaration(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.flat(tmp_path))
    models = tmp_path / "shop/models.py"
    models.write_text(
        models.read_text().replace(
            'mapped_column(ForeignKey("customers.id"))',
            'mapped_column(ForeignKey("customers.id"), index=True)',
        )
    )
    before = models.read_text()
    wanted = advice(advised("by_customer", index("orders", "customer_id")))
    written = write_revision(wanted, project, Wish(models=True), place=empty())
    assert written.names == {"by_customer": "ix_orders_customer_id"}
    assert written.models == () and models.read_text() == before
    again = write_revision  # now the migrations make it: there is nothing left to write
    with pytest.raises(RevisionError, match='"ix_orders_customer_id" of the migrations is the'):
        again(wanted, project, place=empty())


def test_a_redundant_index_is_dropped_when_asked_and_comes_back_with_the_downgrade(
    tmp_path: Path, empty: Empty
) -> None:
    project = Project.find(projects.flat(tmp_path))
    first = tmp_path / "migrations/versions/001_shop.py"
    first.write_text(
        first.read_text().replace(
            "\n\ndef downgrade",
            '    op.create_index("ix_old", "orders", ["customer_id"])\n\n\ndef downgrade',
        )
    )
    old = Existing(name="ix_old", index=index("orders", "customer_id"), bytes=8192)
    unique = Existing(
        name="orders_number_key", index=index("orders", "number"), bytes=8192, constraint=True
    )
    wanted = advice(
        advised("ix_new", index("orders", "customer_id", "status")),
        remarks=(
            Remark(kind="redundant", subject=old, words="a prefix of ix_new"),
            Remark(kind="duplicate", subject=unique, words="twice"),
            Remark(kind="unused", subject=old, words="never read"),
        ),
    )
    kept = write_revision(wanted, project, Wish(dry_run=True), place=empty())
    assert "ix_old" not in kept.source.partition("def upgrade")[2]
    place = empty()
    written = write_revision(wanted, project, Wish(drop_redundant=True), place=place)
    assert any("orders_number_key" in note for note in written.notes)
    assert ("public", "ix_old") not in indexes_of(place)
    project.call(place, [("downgrade", {"revision": "a1b2c3d4e5f6"})])
    found = indexes_of(place)
    assert ("public", "ix_old") in found and ("public", "ix_new") not in found
