"""A comparison as text, Markdown and JSON. Golden files are written anew with ``python -m``."""

import json
from pathlib import Path

import pytest

from querysafe.baseline import Comparison, compare
from querysafe.finding import Severity
from querysafe.report.compare import markdown, summary, text, to_json
from tests.unit.baseline.builders import finding, result, rule, run

GOLDEN = Path(__file__).with_name("golden")
OTHER = "tests/test_orders.py::test_other[a|b]"
THIRD = "tests/test_orders.py::test_third"


def mixed() -> Comparison:
    tags = {"label": "Order.tags", "nodeid": OTHER}
    aside = {"nodeid": THIRD, "rule": rule("QS204", Severity.NOTE), "label": "Order.total"}
    repeated = {"label": "SELECT x || ? FROM a", "rule": rule("QS103"), "line": 30}
    base = run(
        result(finding(6), queries=8, database_seconds=0.0042),
        result(finding(9, **tags), nodeid=OTHER, queries=12),
        result(nodeid=THIRD, queries=3),
        result(nodeid="tests/test_orders.py::test_same"),
        result(nodeid="tests/test_orders.py::test_old"),
        result(nodeid="tests/test_orders.py::test_red"),
    )
    head = run(
        result(finding(60), finding(4, **repeated), queries=66, database_seconds=0.03),
        result(finding(2, **tags), nodeid=OTHER, queries=5),
        result(finding(3, **aside), nodeid=THIRD, queries=4),
        result(nodeid="tests/test_orders.py::test_same"),
        result(finding(5, nodeid="tests/new.py::test_a"), nodeid="tests/new.py::test_a"),
        result(nodeid="tests/test_orders.py::test_red", outcome="failed"),
    )
    return compare(base, head)


def same() -> Comparison:
    return compare(run(result()), run(result()))


def renderings() -> dict[str, str]:
    return {
        "compare.txt": text(mixed()),
        "compare.md": markdown(mixed()),
        "compare.json": json.dumps(to_json(mixed()), indent=2, ensure_ascii=False) + "\n",
        "same.txt": text(same()),
        "same.md": markdown(same()),
    }


@pytest.mark.parametrize("name", sorted(renderings()))
def test_a_rendering_is_its_golden_file(name: str) -> None:
    assert renderings()[name] == (GOLDEN / name).read_text(encoding="utf-8")


def test_text_has_colours_only_when_asked() -> None:
    assert "\x1b[" not in text(mixed())
    assert "\x1b[31m" in text(mixed(), color=True)


def test_the_summary_counts_one_as_one() -> None:
    assert summary(compare(run(result()), run(result(finding())))) == (
        "1 test got worse, 0 better, 0 unchanged."
    )
    assert summary(same()) == "0 tests got worse, 0 better, 1 unchanged."


def test_long_tables_are_cut_and_what_is_left_out_is_counted() -> None:
    many = [result(nodeid=f"t.py::test_{n:03}", queries=1) for n in range(70)]
    more = [result(nodeid=f"t.py::test_{n:03}", queries=9) for n in range(70)]
    written = markdown(compare(run(*many), run(*more)))
    assert "… and 20 more." in written
    assert "test_000" in written
    assert "test_069" not in written
    named = markdown(compare(run(), run(*more)))
    assert "Only in HEAD: t.py::test_000" in named
    assert "and 60 more" in named


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, rendered in renderings().items():
        (GOLDEN / name).write_text(rendered, encoding="utf-8")
