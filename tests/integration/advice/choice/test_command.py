"""``querysafe advise`` from a file to a report, and what it says when something is wrong."""

import json
import re
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from querysafe.cli import main
from querysafe.postgres import Database
from tests.integration.advice.choice.conftest import STATISTICS

LINES = [
    {"sql": "SELECT * FROM orders WHERE user_id = $1", "params": [[7], [8]], "calls": 500},
    {"sql": "SELECT * FROM users WHERE name = %(name)s", "params": {"name": "x"}, "calls": 20},
    {"sql": "SELECT * FROM absent WHERE a = $1", "params": [1]},
    {"sql": "CREATE INDEX a ON b (c)"},
    {"sql": "SELECT id FROM products ORDER BY random() LIMIT 5"},
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "queries.ndjson"
    path.write_text("\n".join(map(json.dumps, LINES)) + "\nno json\n")
    return path


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["advise", *map(str, arguments)])


def _advise(source: object, shop: Database, *more: object) -> Result:
    return _run(source, "--database", shop.dsn, "--stats", STATISTICS, *more)


def _state(shop: Database) -> object:
    with psycopg.connect(shop.dsn) as connection:
        return connection.execute(
            "SELECT (SELECT array_agg(datname ORDER BY 1) FROM pg_database), "
            "(SELECT array_agg(relname::text ORDER BY oid) FROM pg_class)"
        ).fetchall()


def test_sql_is_one_create_index_a_line_and_nothing_else(source: Path, shop: Database) -> None:
    before = _state(shop)
    done = _advise(source, shop, "--format", "sql")
    assert done.exit_code == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [
        'CREATE INDEX "ix_orders_user_id" ON "public"."orders" USING btree ("user_id");',
        'CREATE INDEX "ix_users_name" ON "public"."users" USING btree ("name");',
    ]
    assert f"warning: {source}:6: no JSON" in done.stderr
    assert _state(shop) == before


def test_an_extension_that_the_database_lacks_is_created_before_its_index(
    shop: Database, tmp_path: Path
) -> None:
    source = tmp_path / "q.sql"
    source.write_text("SELECT id FROM users WHERE name LIKE '%doe%';")
    index = 'CREATE INDEX "ix_users_name_gin" ON "public"."users" USING gin ("name" gin_trgm_ops);'
    needed = 'CREATE EXTENSION IF NOT EXISTS "pg_trgm";'
    done = _advise(source, shop, "--format", "sql")
    assert done.stdout.splitlines() == [needed, index], done.stderr
    assert needed in _advise(source, shop, "--format", "text").stdout
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        connection.execute(needed.encode())
        try:
            done = _advise(source, shop, "--format", "sql")
            assert done.stdout.splitlines() == [index], done.stderr
            assert needed not in _advise(source, shop, "--format", "text").stdout
        finally:
            connection.execute("DROP EXTENSION pg_trgm")


def test_json_holds_every_fact(source: Path, shop: Database) -> None:
    done = _advise(source, shop, "--format", "json", "--budget-mb", "9")
    advice = json.loads(done.stdout)
    assert advice["basis"]["name"] == "statistics"
    assert advice["set_aside"] == {"DDL": 1, "unreadable": 1}
    assert advice["budget_bytes"] == 9_000_000
    assert [each["kind"] for each in advice["remarks"]] == ["rewrite"]
    assert "absent" in advice["refused"][0]["why"]
    index = next(each for each in advice["indexes"] if each["table"] == "orders")
    assert index["keys"] == ['"user_id"']
    (fingerprint,) = index["statements"]
    statement = next(each for each in advice["statements"] if each["fingerprint"] == fingerprint)
    assert statement["calls"] == 500
    assert statement["after"] < statement["before"] / 100


def test_text_leads_with_the_outcome_and_explains_when_asked(source: Path, shop: Database) -> None:
    plain = _advise(source, shop).stdout
    assert re.match(r"2 indexes of [\d.]+ MB for 3 statements: the workload costs", plain)
    assert "Basis: production statistics" in plain
    assert "Not advised on, set aside: 1 DDL" in plain
    assert "rewrite: ORDER BY random()" in plain
    explained = _advise(source, shop, "--explain").stdout
    assert "Not advised:" in explained
    assert "Not advised:" not in plain


def test_markdown_and_html_hold_the_indexes(source: Path, shop: Database, tmp_path: Path) -> None:
    markdown = _advise(source, shop, "--format", "markdown", "--explain").stdout
    assert markdown.startswith("### Indexes: 2 indexes")
    assert "```sql\nCREATE INDEX" in markdown
    page = tmp_path / "advice.html"
    done = _advise(source, shop, "--format", "html", "--output", page)
    assert done.stdout == ""
    assert "ix_orders_user_id" in page.read_text()


def test_declared_rows_decide_and_are_told(source: Path, shop: Database) -> None:
    many = _run(source, "--database", shop.dsn, "--rows", "orders=5000000,users=50")
    assert "declared row counts of 2 tables" in many.stdout
    assert "ix_orders_user_id" in many.stdout
    assert "ix_users_name" not in many.stdout
    assumed = _run(source, "--database", shop.dsn, "--rows", "2_000_000")
    assert "row counts are assumed, 2,000,000 of the largest tables" in assumed.stdout
    assert "Rows are assumed; declare them with --rows TABLE=N" in assumed.stdout
    assert '(it refers to "orders")' in many.stdout


def test_a_script_and_a_log_are_sources_too(shop: Database, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("-- one\nSELECT * FROM orders WHERE user_id = 7;\nVACUUM;\n")
    (tmp_path / "pg.log").write_text(
        "2026-01-01 00:00:00 UTC [7] LOG:  duration: 9 ms  execute a: SELECT * FROM users\n"
        "\tWHERE name = $1\n2026-01-01 00:00:00 UTC [7] DETAIL:  parameters: $1 = 'x'\n"
    )
    done = _advise(tmp_path, shop, "--format", "json")
    advice = json.loads(done.stdout)
    assert sorted(each["name"] for each in advice["indexes"]) == [
        "ix_orders_user_id", "ix_users_name",
    ]  # fmt: skip
    assert advice["set_aside"] == {"utility": 1}


WRONG = [
    (["{dir}/absent.sql"], 3, "there is no file"),
    (["{dir}/ddl.sql"], 3, "no statement that an index could serve (1 DDL)"),
    (
        ["{dir}/foreign.sql"],
        3,
        'can be planned on this database: relation "strange" does not exist',
    ),
    (["pg_stat_statements"], 3, "the database has no pg_stat_statements"),
    (["{dir}/ddl.sql", "--rows", "orders=many"], 2, '"orders=many" is no TABLE=N'),
    (["{dir}/good.sql", "--rows", "²"], 2, '"²" is no TABLE=N'),
    (["{dir}/good.sql", "--rows", "999999999999999999"], 2, "100,000,000,000 rows"),
    (["{dir}/good.sql", "--budget-mb", "nan"], 2, '"nan" is no number'),
    (["{dir}/good.sql", "--budget-mb", "inf"], 2, '"inf" is no number'),
    (["{dir}/good.sql", "--write-penalty", "nan"], 2, '"nan" is no number'),
    (["{dir}/good.sql", "--rows", "nothing=5"], 3, "there is no such table"),
    (["{dir}/good.sql", "--budget-mb", "0"], 2, "0"),
    (["{dir}/good.sql", "--stats", "{dir}/good.sql"], 3, "good.sql"),
]


@pytest.mark.parametrize(("arguments", "status", "words"), WRONG, ids=[each[2] for each in WRONG])
def test_what_is_wrong_is_told_and_changes_nothing(
    shop: Database, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    (tmp_path / "ddl.sql").write_text("CREATE TABLE x (a int);")
    (tmp_path / "good.sql").write_text("SELECT * FROM orders WHERE user_id = 7;")
    (tmp_path / "foreign.sql").write_text("SELECT * FROM strange WHERE a = 1;")
    before = _state(shop)
    done = _run(*(each.format(dir=tmp_path) for each in arguments), "--database", shop.dsn)
    assert (done.exit_code, words in done.stderr) == (status, True), done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert _state(shop) == before


def test_no_such_database_and_no_server_are_told_without_the_password(
    shop: Database, tmp_path: Path
) -> None:
    (tmp_path / "good.sql").write_text("SELECT * FROM orders WHERE user_id = 7;")
    done = _run(tmp_path / "good.sql", "--database", shop.dsn.replace("/shop", "/nowhere"))
    assert done.exit_code == 3
    assert '"nowhere" does not exist' in done.stderr
    gone = _run(tmp_path / "good.sql", "--database", "postgresql://u:secret@127.0.0.1:1/x")
    assert gone.exit_code == 3
    assert "cannot connect" in gone.stderr
    assert "secret" not in gone.output


def test_the_command_group_still_has_its_commands() -> None:
    done = _run("--help")
    assert "SOURCE..." in done.stdout
    assert "stats  " in done.stdout
    nothing = _run()
    assert nothing.exit_code == 2
    missing = _run("queries.sql")
    assert "advise --help`" in missing.stderr


def test_a_database_asked_live_without_hypopg_says_that_nothing_could_be_tried(
    shop: Database, tmp_path: Path
) -> None:
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS live AS SELECT i, i % 7 AS k FROM generate_series(1, 50000) i"
        )
        connection.execute("ANALYZE live")
    (tmp_path / "q.sql").write_text("SELECT * FROM live WHERE i = 7;")
    done = _run(tmp_path / "q.sql", "--database", shop.dsn, "--live")
    assert done.stdout.startswith("No index could be tried for 1 statement.")
    assert "hypopg" in done.stdout
    both = _run(tmp_path / "q.sql", "--database", shop.dsn, "--live", "--rows", "5")
    assert both.exit_code == 2
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        connection.execute("DROP TABLE live")
