"""Captured queries become statements with examples of values; the rest is counted."""

import datetime
import decimal
import uuid
from dataclasses import replace

import pytest

from querysafe.advice.sources import gather
from querysafe.advice.sources.values import UNKNOWN, value
from querysafe.advice.workload import Sample
from querysafe.params import Params, ParamsPolicy, keep
from querysafe.profile.witnessing import witnessed
from querysafe.query import CallSite, CapturedQuery, Context


def _query(sql: str, params: object = None, **more: object) -> CapturedQuery:
    return replace(witnessed(sql, source="test", params=params), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sql", "params", "sample"),
    [
        ("SELECT a FROM t WHERE b = $1", [1], Sample("SELECT a FROM t WHERE b = $1", (1,))),
        (
            "SELECT %(x)s FROM t -- %(y)s\nWHERE c = %(x)s AND d LIKE '%%z' AND e %% 2 = %(y)s;",
            {"y": 2, "x": None},
            Sample("SELECT $1 FROM t  \nWHERE c = $1 AND d LIKE '%z' AND e % 2 = $2", (None, 2)),
        ),
        ("SELECT a FROM t WHERE b = %s AND c = %s", [1, 2],
         Sample("SELECT a FROM t WHERE b = $1 AND c = $2", (1, 2))),
        ("SELECT a FROM t WHERE b = :b AND c = '1'::int", {"b": 5},
         Sample("SELECT a FROM t WHERE b = $1 AND c = '1'::int", (5,))),
        ("SELECT a FROM t WHERE b LIKE '%%s'", None, Sample("SELECT a FROM t WHERE b LIKE '%%s'", ())),
        ("SELECT a FROM t WHERE b = $1", None, Sample("SELECT a FROM t WHERE b = $1", None)),
        ("SELECT a FROM t WHERE b = $1 AND c = $2", [1],
         Sample("SELECT a FROM t WHERE b = $1 AND c = $2", None)),
    ],
)  # fmt: skip
def test_placeholders_of_every_driver_become_numbers(
    sql: str, params: object, sample: Sample
) -> None:
    assert gather([_query(sql, params)]).statements[0].samples == (sample,)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, None),
        ("plain", "plain"),
        (12, "12"),
        (True, "True"),
        ([1, 2], [1, 2]),
        ({"a": 1}, {"a": 1}),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC), "2026-01-02 03:04:00.000000+00"),
        (datetime.timedelta(days=2, seconds=5), "2 days 5 seconds"),
        (decimal.Decimal("1.50"), "1.50"),
        (uuid.UUID(int=7), str(uuid.UUID(int=7))),
        ("{not python}", "{not python}"),
        ([0] * 300, UNKNOWN),
    ],
)
def test_values_are_read_again_from_what_an_event_keeps(given: object, read: object) -> None:
    event = keep([given], ParamsPolicy.KEEP).to_event()
    assert value(event["db.query.parameter.1"]) == read


def test_equal_shapes_are_one_statement_with_calls_samples_and_call_sites() -> None:
    site = CallSite(path="app/orders.py", line=7, function="list")
    sql = "SELECT id FROM orders WHERE status = 'a' AND user_id = $1"
    workload = gather(
        [
            _query(sql, [1], calls=500, call_site=site),
            _query(sql.replace("'a'", "'b'"), [2], calls=1),
            _query(sql, [1], calls=0),
        ],
        ["a source"],
    )
    (statement,) = workload.statements
    assert statement.calls == 501
    assert len(statement.samples) == 2
    assert statement.call_sites == (site,)
    assert not statement.writes
    assert workload.sources == ("a source",)


def test_how_often_tests_ran_a_statement_is_damped() -> None:
    ran = [_query("SELECT a FROM b", calls=100, context=Context(test="t.py::t"))]
    workload = gather(ran)
    assert 5 < workload.statements[0].calls < 6
    assert "damped" in workload.sources[-1]


def test_rows_of_an_executemany_are_charged_each() -> None:
    query = replace(
        _query("INSERT INTO t (a) VALUES (%(a)s)"),
        executemany=True,
        params=Params(policy=ParamsPolicy.KEEP, values=(("a", 1),), sets=40),
    )
    (statement,) = gather([query]).statements
    assert statement.writes
    assert statement.calls == 40


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("/* x */ CREATE TABLE t (a int)", "DDL"),
        ("TRUNCATE t", "DDL"),
        ("BEGIN", "transaction"),
        ("SAVEPOINT a", "transaction"),
        ("SET search_path = x", "utility"),
        ("EXPLAIN SELECT 1", "utility"),
        ("COPY t FROM stdin", "utility"),
        ("SELECT relname FROM pg_catalog.pg_class", "system"),
        ("select pg_advisory_lock(3)", "system"),
        ("-- nothing", "no statement"),
    ],
)
def test_what_no_index_serves_is_set_aside_and_counted(sql: str, why: str) -> None:
    workload = gather([_query(sql), _query(sql)])
    assert workload.statements == ()
    assert workload.set_aside == {why: 2}


def test_failed_and_foreign_statements_are_counted_too() -> None:
    workload = gather(
        [
            _query("SELECT 1 FROM t", error="UndefinedTable"),
            _query("SELECT 1 FROM t", context=Context(engine="sqlite+pysqlite")),
            _query("WITH a AS (SELECT 1) SELECT * FROM a"),
        ]
    )
    assert workload.set_aside == {"failed": 1, "foreign (sqlite)": 1}
    assert len(workload.statements) == 1


def test_a_write_within_a_common_table_expression_writes() -> None:
    sql = "WITH gone AS (DELETE FROM t WHERE a = 1 RETURNING id) SELECT count(*) FROM gone"
    assert gather([_query(sql)]).statements[0].writes
