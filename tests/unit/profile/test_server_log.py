"""What a server logs about statements is heard once, with parameters and durations."""

import csv
import io
import json

import pytest

from querysafe.profile.server_log import csvlog, jsonlog, stderr
from querysafe.profile.server_log.queries import parameters, queries
from querysafe.profile.unread import Unread
from querysafe.query import CapturedQuery

T = "2026-11-25 02:03:04.567 UTC"
LOG = f"""\
{T} [101] app@shop LOG:  duration: 12.500 ms  execute <unnamed>: SELECT *
\t  FROM orders WHERE name = $1
{T} [101] app@shop DETAIL:  parameters: $1 = 'it''s, $2'
{T} [102] app@shop LOG:  statement: SELECT 1 FROM users
{T} [101] app@shop LOG:  duration: 0.1 ms  bind <unnamed>: SELECT 2
{T} [102] app@shop LOG:  duration: 3.000 ms
{T} [103] app@shop ERROR:  relation "x" does not exist at character 15
{T} [103] app@shop STATEMENT:  SELECT * FROM x
{T} [104] app@other LOG:  statement: SELECT 3
what is this?
{T} [105] LOG:  checkpoint starting: time
"""


def _heard(text: str, database: str = "") -> tuple[list[CapturedQuery], list[Unread]]:
    found = list(queries(stderr.entries(text.splitlines(), "p.log"), "p.log", database))
    return (
        [each for each in found if isinstance(each, CapturedQuery)],
        [each for each in found if isinstance(each, Unread)],
    )


def test_statements_are_told_with_parameters_and_durations() -> None:
    heard, unread = _heard(LOG, "shop")
    by_text = {each.statement.split("FROM ")[1]: each for each in heard}
    order = by_text["orders WHERE name = $1"]
    assert order.params.values == (("1", "it's, $2"),)
    assert order.duration_seconds == pytest.approx(0.0125)
    assert by_text["users"].duration_seconds == pytest.approx(0.003)
    assert len(heard) == 2
    assert sorted((each.line, each.why) for each in unread) == [
        (7, "failed statement"), (9, "another database"), (10, "no line of a server log"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "prefix", ["2026-11-25 02:03:04 UTC:10.0.0.1(5):app@shop:[101]:", "[101] ", "", "x=1,pid=101 "]
)
def test_any_prefix_is_passed_over(prefix: str) -> None:
    heard, unread = _heard(
        f"{prefix}LOG:  statement: SELECT a FROM b;\n{prefix}LOG:  duration: 2 ms"
    )
    assert [(each.statement, each.duration_seconds) for each in heard] == [
        ("SELECT a FROM b", 0.002)
    ]
    assert unread == []


PLAN = """duration: 7.000 ms  plan:
Query Text: SELECT a
FROM b WHERE c = $1
Query Parameters: $1 = 'x'
Seq Scan on b  (cost=0.00..1.00 rows=1 width=4)
  Filter: (c = 'x')"""
PLAN_JSON = "duration: 7.000 ms  plan:\n" + json.dumps(
    {"Query Text": "SELECT a\nFROM b WHERE c = $1", "Query Parameters": "$1 = 'x'", "Plan": {}}
)


@pytest.mark.parametrize("plan", [PLAN, PLAN_JSON])
def test_a_plan_of_auto_explain_and_its_duration_are_one_query(plan: str) -> None:
    later = "duration: 8.000 ms  execute s: SELECT a\nFROM b WHERE c = $1"
    text = "".join(f"{T} [1] LOG:  " + each.replace("\n", "\n\t") + "\n" for each in (plan, later))
    heard, _ = _heard(text)
    assert [(each.statement, each.duration_seconds) for each in heard] == [
        ("SELECT a\nFROM b WHERE c = $1", 0.008)
    ]
    assert heard[0].params.values == (("1", "x"),)


def test_the_same_statement_twice_is_two_queries() -> None:
    line = f"{T} [1] LOG:  duration: 7.000 ms  statement: SELECT a FROM b\n"
    assert len(_heard(line * 2)[0]) == 2


def test_csvlog_and_jsonlog_say_the_same_as_stderr() -> None:
    message = "duration: 5 ms  execute a: SELECT a\nFROM b WHERE c = $1"
    record = [""] * 26
    record[2:4] = ["shop", "77"]
    record[11], record[13], record[14] = "LOG", message, "Parameters: $1 = NULL"
    file = io.StringIO()
    csv.writer(file).writerow(record)
    of_csv = queries(csvlog.entries(io.StringIO(file.getvalue() + "x,y\n"), "c"), "c", "shop")
    line = json.dumps(
        {"error_severity": "LOG", "pid": 77, "dbname": "shop", "message": message,
         "detail": "Parameters: $1 = NULL"}
    )  # fmt: skip
    of_json = queries(jsonlog.entries([line, "{"], "j"), "j", "shop")
    for found, why in (
        (list(of_csv), "no record of csvlog"),
        (list(of_json), "no record of jsonlog"),
    ):
        broken, query = found
        assert isinstance(broken, Unread) and broken.why == why and broken.line in (2, 3)
        assert isinstance(query, CapturedQuery)
        assert query.statement == "SELECT a\nFROM b WHERE c = $1"
        assert query.params.values == (("1", None),)


def test_half_a_list_of_parameters_is_no_example() -> None:
    assert parameters("parameters: $1 = 'a', $2 = 'b") is None
    assert parameters("parameters: $1 = 'abc'...") is None
    assert parameters("parameters: $1 = 'a', $2 = '7'") == ["a", "7"]
