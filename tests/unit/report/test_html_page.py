"""The HTML report before a browser sees it: embedding, policy, streaming, excerpts, packaging."""

import base64
import gc
import hashlib
import json
import re
import weakref
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from querysafe.params import ParamsPolicy, keep
from querysafe.query import CallSite, Loading, OrmCause
from querysafe.recording import Recording
from querysafe.report import html
from querysafe.report.html.embedding import embedded
from querysafe.report.html.page import SCRIPTS, STYLES
from querysafe.report.html.queries import COLUMNS, Tables, rows
from querysafe.report.html.sources import ABOVE, BELOW, Sources
from tests.unit.report.runs import (
    HOSTILE,
    ORDERS,
    RUNS,
    hostile,
    mixed,
    orders_recording,
    query,
    result,
    run,
)

NOWHERE = Path("/nowhere")


def blocks(page: str) -> dict[str, str]:
    """The text of each data block by its id, and of the script and the style."""
    found = re.findall(r'<script type="[^"]+" id="(\w+)">(.*?)</script>', page, re.DOTALL)
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert (len(script), len(style)) == (1, 1)
    return dict(found) | {"script": script[0], "style": style[0]}


def data(page: str) -> dict[str, Any]:
    return dict(json.loads(blocks(page)["run"]))


@pytest.mark.parametrize("text", [HOSTILE, "</SCRIPT", "<!--<script>", "\u2028", "&lt;", "\udc80"])
def test_embedded_text_ends_no_element_and_is_read_back(text: str) -> None:
    written = embedded({text: [text]})
    assert re.search(r"[<>&\n\u2028]|[^\x00-\x7f]", written) is None
    assert json.loads(written) == {text: [text]}


@pytest.mark.parametrize("name", RUNS)
def test_the_policy_allows_this_script_and_this_style_and_nothing_else(name: str) -> None:
    page = html.render(RUNS[name], {}, NOWHERE)
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert len(policy) == 1
    assert "default-src 'none'" in policy[0]
    for part in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(blocks(page)[part].encode()).digest()).decode()
        assert f"{part}-src 'sha256-{digest}'" in policy[0]
    assert "unsafe" not in policy[0]


def test_the_page_names_no_address_of_the_network() -> None:
    page = html.render(mixed(), {ORDERS: orders_recording()}, NOWHERE)
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert re.findall(r'\s(?:src|href)="(?!data:|#)[^"]*"', page) == []


def test_no_script_makes_markup_from_text() -> None:
    for name in SCRIPTS:
        source = files("querysafe.report.html").joinpath(f"script/{name}.js").read_text("utf-8")
        for way in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            "DOMParser",
            "createContextualFragment",
        ):
            assert way not in source, (name, way)


def test_hostile_text_is_nowhere_outside_the_data() -> None:
    nodeid = hostile().tests[0].nodeid
    page = html.render(hostile(), {nodeid: orders_recording(nodeid)}, NOWHERE)
    for name in ("run", "recordings"):
        page = page.replace(blocks(page)[name], "")
    assert "alert(1)" not in page
    assert "@everyone" not in page


def test_every_script_and_style_is_part_of_the_page_and_of_the_package() -> None:
    package = files("querysafe.report.html")
    for folder, names, ending in (("script", SCRIPTS, ".js"), ("style", STYLES, ".css")):
        held = {each.name for each in package.joinpath(folder).iterdir()}
        assert held == {f"{name}{ending}" for name in names}


def test_recordings_are_held_one_at_a_time() -> None:
    class Held(Recording):
        __slots__ = ("__weakref__",)

    alive: weakref.WeakSet[Held] = weakref.WeakSet()
    most = 0

    class Kept:
        def get(self, name: str, /) -> Recording | None:
            nonlocal most
            held = Held(name=name, queries=orders_recording(name).queries)
            alive.add(held)
            gc.collect()  # of what this test made: the rest of the process is frozen
            most = max(most, len(alive))
            return held

    nodeids = [f"t.py::test_{n}" for n in range(40)]
    pieces = html.parts(run(*(result(each) for each in nodeids)), Kept(), NOWHERE)
    written = 0
    longest = 0
    gc.freeze()
    try:
        for piece in pieces:
            written += len(piece)
            longest = max(longest, len(piece))
    finally:
        gc.unfreeze()
    assert 0 < most <= 2
    assert longest < written / 2


def test_a_test_without_queries_asks_for_no_recording() -> None:
    class Refusing:
        def get(self, name: str, /) -> Recording | None:
            raise AssertionError(name)

    page = html.render(run(result("t.py::t", queries=0)), Refusing(), NOWHERE)
    assert data(page)["tests"][0]["recording"] is None


def test_rows_name_what_they_share_by_position_and_end_with_what_is_there() -> None:
    tables = Tables()
    told = rows(orders_recording(), tables)
    assert len(told) == 8
    parent, line = (dict(zip(COLUMNS, row, strict=False)) for row in told[:2])
    assert len(tables.statements.values) == 3
    assert tables.sites.values[line["site"]] == CallSite(  # type: ignore[call-overload]
        path="app/orders.py", line=10, function="list_orders"
    )
    assert (line["parent"], line["started"], line["duration"]) == (0, 2000, 1000)
    assert line["params"] == [["id", "1"]]
    assert "task" not in parent
    assert all(row[-1] is not None for row in told)


def test_parameters_are_shortened_and_the_rest_counted() -> None:
    params = keep({f"p{n}": "x" * 500 for n in range(30)}, ParamsPolicy.KEEP)
    (row,) = rows(Recording(name="t", queries=(query("S", 0, params=params),)), Tables())
    told = dict(zip(COLUMNS, row, strict=False))["params"]
    assert len(told) == 13  # type: ignore[arg-type]
    assert told[-1] == ["", "and 18 more"]  # type: ignore[index]
    assert max(len(value) for _, value in told) == 101  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (OrmCause(loading=Loading.LAZY, path=("Order.lines", "Line.product")), "Line.product"),
        (
            OrmCause(loading=Loading.COLUMN, entity="Order", columns=("note",), reason="deferred"),
            "Order.note (deferred)",
        ),
        (OrmCause(loading=Loading.COLUMN, entity="Order", columns=("a", "b")), "Order"),
        (OrmCause(loading=Loading.STATEMENT, entity="Order"), "Order"),
    ],
)
def test_the_cause_of_a_query_is_told_in_words(cause: OrmCause, words: str) -> None:
    tables = Tables()
    rows(Recording(name="t", queries=(query("S", 0, orm_cause=cause),)), tables)
    assert words in tables.words.values


def test_an_excerpt_holds_the_line_and_some_around_it(tmp_path: Path) -> None:
    lines = [f"    line {n}" for n in range(1, 40)]
    (tmp_path / "a.py").write_text("\n".join(lines))
    sources = Sources(tmp_path)
    first, told = sources.excerpt(CallSite(path="a.py", line=20, function="f")) or (0, [])
    assert (first, len(told)) == (20 - ABOVE, ABOVE + 1 + BELOW)
    assert told[20 - first] == "line 20"
    first, told = sources.excerpt(CallSite(path="a.py", line=1, function="f")) or (0, [])
    assert (first, told[0]) == (1, "line 1")


def test_an_excerpt_begins_and_ends_with_text(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a\n\n\ndef f():\n\tx\n\n\n\nb\n")
    told = Sources(tmp_path).excerpt(CallSite(path="a.py", line=5, function="f"))
    assert told == (1, ["a", "", "", "def f():", "    x"])
    assert Sources(tmp_path).excerpt(CallSite(path="a.py", line=7, function="f")) is not None


@pytest.mark.parametrize("line", [0, 3, 10**9])
def test_a_line_that_is_not_there_has_no_excerpt(tmp_path: Path, line: int) -> None:
    (tmp_path / "a.py").write_text("a\nb")
    assert Sources(tmp_path).excerpt(CallSite(path="a.py", line=line, function="f")) is None


@pytest.mark.parametrize("path", ["absent.py", ".", "a\0b", "x" * 5000])
def test_a_path_that_is_no_file_has_no_excerpt(tmp_path: Path, path: str) -> None:
    assert Sources(tmp_path).excerpt(CallSite(path=path, line=1, function="f")) is None


def test_files_elsewhere_are_quoted_only_for_the_run_itself(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.py").write_text("secret\n")
    (root / "link.py").symlink_to(tmp_path / "secret.py")
    for path in ("../secret.py", str(tmp_path / "secret.py"), "link.py"):
        site = CallSite(path=path, line=1, function="f")
        assert Sources(root).excerpt(site) is None
        assert Sources(root, outside=True).excerpt(site) == (1, ["secret"])


def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xff\xfe = 1\n")
    told = Sources(tmp_path).excerpt(CallSite(path="a.py", line=1, function="f"))
    assert told == (1, ["\ufffd\ufffd = 1"])
