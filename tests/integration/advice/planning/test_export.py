"""`querysafe advise stats export`: statistics without a row, with the rights of an ordinary role."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from querysafe.advice.index import Table
from querysafe.advice.planning import open_planner
from querysafe.advice.planning.errors import StatisticsError
from querysafe.cli import main
from querysafe.postgres import Cluster, Database
from tests.integration.advice.planning.conftest import SCHEMA, execute, planned

ROWS = """
INSERT INTO customers (email, name, status, country, tags, profile, is_admin, created_at)
SELECT 'person' || g || '@example.org', 'Secret ' || g % 700,
    CASE WHEN g % 10 = 0 THEN 'gone' ELSE 'active' END, 'at', ARRAY['hush' || g % 5],
    '{"password": "hunter2"}', g % 2 = 0, '2024-01-01'::timestamptz + g * interval '1 hour'
FROM generate_series(1, 3000) AS g;
INSERT INTO orders (customer_id, total, created_at)
SELECT 1 + g % 3000, g, '2024-01-01' FROM generate_series(1, 9000) AS g;
ANALYZE customers; ANALYZE orders;
INSERT INTO products (sku, title, category_id, price)
SELECT gen_random_uuid(), 'a', 1, 2 FROM generate_series(1, 60)
"""


@pytest.fixture
def filled(shop: Database) -> Database:
    execute(shop, ROWS)
    return shop


@pytest.fixture
def reader(cluster: Cluster, filled: Database) -> Iterator[str]:
    """A role that may log in and read all but the orders."""
    name = f"reader_{filled.name}"
    execute(
        filled,
        f"CREATE ROLE {name} LOGIN PASSWORD 'word';"
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}; REVOKE ALL ON orders FROM {name}",
    )
    yield f"postgresql://{name}:word@{cluster.host}:{cluster.port}/{filled.name}"
    execute(filled, f"DROP OWNED BY {name}; DROP ROLE {name}")


def exported(database: str, *more: str) -> Result:
    return CliRunner().invoke(
        main, ["advise", "stats", "export", *more], env={"QUERYSAFE_ADVISE_DATABASE": database}
    )


def content(database: str, *more: str) -> dict[str, Any]:
    done = exported(database, *more)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_ordinary_role_exports_what_it_may_read(reader: str) -> None:
    done = exported(reader)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert "may not read the statistics of: public.orders" in done.stderr
    assert "never analysed (run ANALYZE there): public.products" in done.stderr
    assert found["unreadable"] == ["public.orders"]
    tables = found["tables"]
    assert tables["public.customers"]["rows"] == 3000
    assert tables["public.customers"]["writes"] >= 3000
    assert tables["public.orders"]["pages"] > 10
    assert "columns" not in tables["public.orders"]
    assert tables["public.customers"]["indexes"]["customers_pkey"]["scans"] >= 9000


def test_row_security_is_told_from_a_missing_grant(filled: Database, reader: str) -> None:
    execute(filled, "ALTER TABLE customers ENABLE ROW LEVEL SECURITY")
    role = f"reader_{filled.name}"
    told = exported(reader).stderr
    assert f"type: GRANT SELECT ON orders TO {role};" in told.replace("public.", "")
    assert "customers TO" not in told
    assert "hidden by row security" in told
    assert f"type: ALTER ROLE {role} BYPASSRLS;" in told


def test_texts_are_withheld_unless_they_are_few(filled: Database) -> None:
    text = exported(filled.dsn).stdout
    columns = json.loads(text)["tables"]["public.customers"]["columns"]
    assert set(columns["status"]["common_values"]) == {"active", "gone"}
    assert columns["created_at"]["bounds"]
    assert columns["email"]["withheld"]
    for secret in ("example.org", "Secret", "hush", "hunter2"):
        assert secret not in text


def test_without_values_only_numbers_are_left(filled: Database) -> None:
    columns = content(filled.dsn, "--no-values")["tables"]["public.customers"]["columns"]
    assert not any("common_values" in each or "bounds" in each for each in columns.values())
    assert columns["status"]["common_frequencies"][0] == pytest.approx(0.9)


def test_with_values_all_of_them_are_kept(filled: Database) -> None:
    columns = content(filled.dsn, "--with-values")["tables"]["public.customers"]["columns"]
    assert columns["email"]["bounds"][0].endswith("@example.org")
    assert columns["tags"]["elements"]


def test_both_ways_to_treat_values_exclude_each_other(filled: Database) -> None:
    done = exported(filled.dsn, "--with-values", "--no-values")
    assert done.exit_code == 2
    assert "exclude each other" in done.stderr


def test_two_exports_of_the_same_numbers_are_the_same_text(filled: Database) -> None:
    assert exported(filled.dsn).stdout == exported(filled.dsn).stdout


def test_a_file_is_written_whole_or_not_at_all(filled: Database, tmp_path: Path) -> None:
    file = tmp_path / "stats.json"
    done = exported(filled.dsn, "--output", str(file))
    assert done.exit_code == 0, done.output
    assert [each.name for each in tmp_path.iterdir()] == ["stats.json"]
    before = file.read_text()
    failed = exported(filled.dsn.replace(filled.name, "nowhere"), "--output", str(file))
    assert failed.exit_code == 3
    assert 'database "nowhere" does not exist' in failed.stderr
    assert file.read_text() == before
    unwritable = exported(filled.dsn, "--output", str(tmp_path / "no" / "stats.json"))
    assert unwritable.exit_code == 3
    assert "No such file" in unwritable.stderr


def test_what_differs_between_file_and_database_is_told(
    filled: Database, created: Callable[[], Database], tmp_path: Path
) -> None:
    file = tmp_path / "stats.json"
    execute(filled, "CREATE TABLE old (id int); CREATE INDEX extra ON orders (total)")
    exported(filled.dsn, "--output", str(file))
    other = created()
    execute(other, SCHEMA)
    execute(
        other,
        "ALTER TABLE customers ALTER COLUMN name TYPE text; CREATE TABLE fresh (id int);"
        "ALTER INDEX orders_customer RENAME TO called_otherwise",
    )
    with open_planner(other.dsn, statistics=file, rows={"fresh": 777}) as planner:
        words = planner.basis.words
        relations = planner.relations()
        sizes = {each.name: each.bytes for each in planner.existing()}
        by_status = planned(planner, "SELECT * FROM customers WHERE status = 'gone'")
        common = planner.common(Table("public", "customers"), "is_admin")
    assert planner.basis.name == "statistics"
    assert "the database lacks: public.old" in words
    assert "the file lacks: public.fresh" in words
    assert "of another type here: public.customers.name" in words
    assert "the database lacks the indexes: extra" in words
    assert relations[Table("public", "customers")].rows == 3000
    assert relations[Table("public", "fresh")].rows == 777
    ((real,),) = execute(filled, "SELECT pg_relation_size('orders_customer')")
    assert sizes["called_otherwise"] == real
    assert by_status.root["Plan Rows"] == pytest.approx(300, rel=0.2)
    assert {value for value, _ in common} == {True, False}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no statistics file"),
        ("[]", "is no statistics file"),
        ('{"tables": {}}', "is no statistics file"),
        ('{"querysafe_statistics": 99}', "format 99"),
        ('{"querysafe_statistics": 1, "version": 1, "tables": {"a": 1}}', "is no statistics file"),
    ],
)
def test_another_file_is_refused(shop: Database, tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "stats.json"
    file.write_text(text)
    with pytest.raises(StatisticsError, match=why), open_planner(shop.dsn, statistics=file):
        pass


def test_a_file_that_is_not_there_is_named(shop: Database, tmp_path: Path) -> None:
    with (
        pytest.raises(StatisticsError, match=r"absent\.json"),
        open_planner(shop.dsn, statistics=tmp_path / "absent.json"),
    ):
        pass
