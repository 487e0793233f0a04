"""Markdown: what a cell, a code span and a fence must survive."""

import re

from querysafe.report.markdown import LIMIT, render
from tests.unit.report.runs import finding, result, run


def table_of(written: str, first: str) -> list[str]:
    lines = written.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"| {first}"))
    rows = []
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        rows.append(line)
    return rows


def cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1


def test_no_text_adds_a_cell_or_a_row_to_a_table() -> None:
    odd = finding(message="a | b\nc `d|e` | f", nodeid="t.py::t[a|b]")
    written = render(run(result("t.py::t[a|b]", odd)))
    for first in ("rule", "busiest test"):
        rows = table_of(written, first)
        assert {cells(row) for row in rows} == {cells(rows[0])}
    assert "`t.py::t[a\\|b]`" in written


def test_a_cure_with_fences_and_quotes_stays_within_its_own() -> None:
    written = render(run(result("t.py::t", finding(cure="a = '''\n```\n````\n'''"))))
    assert "`````python\na = '''\n```\n````\n'''\n`````\n" in written


def test_words_are_no_markup_and_mention_nobody() -> None:
    odd = finding(message="<b>*x*</b> [l](u) $y$ @everyone a_b_c", label="<i>@me")
    written = render(run(result("t.py::t", odd)))
    assert r"\<b\>\*x\*\</b\> \[l\](u) \$y\$ @​everyone a\_b\_c" in written
    assert "<summary>QS101 &lt;i&gt;@​me</summary>" in written


def test_a_pipe_in_a_list_is_no_cell() -> None:
    assert "- `SELECT a || b`" in render(run(stale=("SELECT a || b",)))


def test_top_limits_the_findings_and_counts_the_rest() -> None:
    many = run(
        *(result(f"t.py::t{n}", finding(nodeid=f"t.py::t{n}", label=f"A.b{n}")) for n in range(60))
    )
    assert render(many).count("<details>") == LIMIT
    assert "| … | 10 more | | | |" in render(many)
    assert render(many, top=0).count("<details>") == 60
    assert render(many, top=3).count("<details>") == 3
