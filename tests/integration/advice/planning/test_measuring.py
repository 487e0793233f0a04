"""The size of a candidate is not less than the index that is built, as far as statistics tell."""

import psycopg

from querysafe.advice.index import Index, Key, Table
from querysafe.cli.advise.opening import opened
from querysafe.postgres import Cluster

ROWS = """
CREATE TABLE line (
  sale int, number int, part int, sold date NOT NULL, sent date NOT NULL, kind char(8) NOT NULL,
  PRIMARY KEY (sale, number)
);
INSERT INTO line
SELECT i / 4, i % 4, hashint4(i) & 4095, date '2024-01-01' + i % 700,
       date '2024-01-01' + i % 700 + CASE WHEN i % 3 = 0 THEN -3 ELSE 4 END, 'kind ' || i % 6
FROM generate_series(1, 120000) AS i;
VACUUM ANALYZE line;
"""
LINE = Table("public", "line")


def _index(*columns: str, where: str = "", include: tuple[str, ...] = ()) -> Index:
    return Index(LINE, tuple(map(Key, columns)), where=where, include=include)


INDEXES = {
    "a part of the primary key": _index("sale"),
    "two columns that differ in every row": _index("part", "sold"),
    "two columns of few values": _index("kind", "number"),
    "compared columns": _index("sale", where='"sold" < "sent"'),
    "a value": _index("sale", where="\"kind\" = 'kind 3'::bpchar"),
    "a value, and more columns": _index("part", include=("sold",), where='"number" = 2'),
}


def test_the_sizes_that_are_said_are_those_of_the_built_indexes(cluster: Cluster) -> None:
    database = cluster.create_database("measured")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for statement in ROWS.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
    with opened(database.dsn, None, None, "auto") as planner:
        offers, refused = planner.offer(list(INDEXES.values()))
    assert not refused
    said = {each.index: each.bytes for each in offers}
    sizes = {}
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for name, index in INDEXES.items():
            connection.execute(index.create("built").encode())
            row = connection.execute("SELECT pg_relation_size('built')").fetchone()
            connection.execute("DROP INDEX built")
            assert row is not None
            sizes[name] = round(said[index] / row[0], 2)
    assert {name: each for name, each in sizes.items() if not 0.9 <= each <= 1.6} == {}


def test_columns_that_repeat_together_are_counted_in_blocks_of_the_table(cluster: Cluster) -> None:
    database = cluster.create_database("counted")
    stock = Table("public", "stock")
    pair = Index(stock, (Key("part"), Key("supplier")))
    most = Index(stock, (Key("part"), Key("supplier")), where='"ordered" < "arrived"')
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE stock AS SELECT hashint4(i) & 4095 AS part, "
            "(hashint4(i) & 4095) * 7 + i % 4 AS supplier, i AS ordered, "
            "i + CASE WHEN i % 20 = 0 THEN -1 ELSE 1 END AS arrived "
            "FROM generate_series(1, 400000) AS i"
        )
        connection.execute("VACUUM ANALYZE stock")
    with opened(database.dsn, None, None, "auto") as planner:
        offers, _ = planner.offer([pair, most])
    said = {each.index: each.bytes for each in offers}
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for index in (pair, most):
            connection.execute(index.create("built").encode())
            row = connection.execute("SELECT pg_relation_size('built')").fetchone()
            connection.execute("DROP INDEX built")
            assert row is not None
            assert 0.9 <= said[index] / row[0] <= 1.3
