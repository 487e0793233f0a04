"""The page of an advice as somebody uses it: reads, opens a statement, compares its plans."""

from pathlib import Path
from typing import Any

import pytest

from querysafe.advice.advice import Absent, Advice, Advised, Effect, Remark
from querysafe.advice.index import Index, Key, Table
from querysafe.advice.planner import Basis, Plan
from querysafe.advice.workload import Sample, Statement, Workload
from querysafe.query import CallSite
from querysafe.report.advice import render
from tests.browser.chromium import Chromium

pytestmark = pytest.mark.browser

HOSTILE = "</script><img src=x onerror=alert(1)>"
ORDERS = Table("public", "orders")


def _plan(node: str, cost: float, **more: Any) -> Plan:
    root = {
        "Node Type": node,
        "Relation Name": "orders",
        "Alias": "o",
        "Total Cost": cost,
        "Plan Rows": 5,
        **more,
    }
    return Plan(cost=cost, root=root, indexes=frozenset())


def advice() -> Advice:
    statement = Statement(
        fingerprint="f1",
        sql=f"SELECT * FROM orders o WHERE user_id = $1 AND note = '{HOSTILE}'",
        samples=(Sample("SELECT 1", ()),),
        calls=1200,
        call_sites=(CallSite(path="app/orders.py", line=7, function="mine"),),
    )
    effect = Effect(
        statement=statement,
        before=8000.0,
        after=8.0,
        indexes=("ix_orders_user_id",),
        plan_before=_plan("Seq Scan", 8000.0, Filter=f"(o.note = '{HOSTILE}')"),
        plan_after=_plan("Index Scan", 8.0, **{"Index Name": "candidate_1"}),
    )
    return Advice(
        basis=Basis(name="statistics", words="production statistics"),
        version=180000,
        workload=Workload(statements=(statement,), set_aside={"DDL": 3}, sources=("a.sql",)),
        indexes=[
            Advised(
                name="ix_orders_user_id",
                offered="candidate_1",
                index=Index(ORDERS, (Key("user_id"),)),
                bytes=4_500_000,
                benefit=9e6,
                write_cost=10.0,
                reason='finds rows by "user_id"',
                evidence=(effect,),
            )
        ],
        effects=[effect],
        absent=[Absent(index=Index(ORDERS, (Key("status"),)), why="too many rows match")],
        remarks=[Remark(kind="rewrite", subject=statement, words="a cast", cure="a rewrite")],
    )


def _open(chromium: Chromium, tmp_path: Path) -> Chromium:
    path = tmp_path / "advice.html"
    path.write_text(render(advice(), "html"), encoding="utf-8")
    chromium.open(path.as_uri())
    return chromium


def _texts(page: Chromium, selector: str) -> list[str]:
    found = f"[...document.querySelectorAll({selector!r})].map((each) => each.innerText)"
    return list(page.evaluate(found))


def test_the_page_shows_the_index_its_evidence_and_both_plans(
    chromium: Chromium, tmp_path: Path
) -> None:
    page = _open(chromium, tmp_path)
    assert _texts(page, ".tile b") == ["1", "4.5 MB", "1000x", "1000.0x"]
    assert "ix_orders_user_id" in _texts(page, "#index-list .row")[0]
    assert "app/orders.py:7 in mine" in _texts(page, ".uses li")[0]
    before, after = _texts(page, ".plan")
    assert "Seq Scan on orders o" in before
    assert "Index Scan using ix_orders_user_id on orders o" in after
    assert "status" in _texts(page, "#seen")[0]
    assert "3 DDL" in _texts(page, "#footer")[0]


def test_data_never_becomes_markup(chromium: Chromium, tmp_path: Path) -> None:
    page = _open(chromium, tmp_path)
    assert page.evaluate("document.querySelectorAll('img').length") == 0
    assert HOSTILE in _texts(page, "#statement-list .panel pre")[0]
