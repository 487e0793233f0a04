"""The HTML report as somebody uses it: reads, searches, opens, follows, copies, prints."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from tests.browser.chromium import Chromium
from tests.browser.conftest import Shown
from tests.unit.report.runs import HOSTILE, ORDERS, hostile, orders_recording, query, result, run

pytestmark = pytest.mark.browser

TEXT = "document.body.innerText"


def count(page: Chromium) -> str:
    return str(page.evaluate("document.querySelector('#count').textContent"))


def numbers(page: Chromium, selector: str) -> int:
    return int(page.evaluate(f"document.querySelectorAll({selector!r}).length"))


def texts(page: Chromium, selector: str) -> list[str]:
    found = f"[...document.querySelectorAll({selector!r})].map((each) => each.textContent)"
    return list(page.evaluate(found))


def click(page: Chromium, selector: str) -> None:
    page.evaluate(f"document.querySelector({selector!r}).click()")


def choose(page: Chromium, field: str, value: str) -> None:
    page.evaluate(
        f"{{ const field = document.getElementById({field!r}); field.value = {value!r};"
        " field.dispatchEvent(new Event('input', {bubbles: true}));"
        " field.dispatchEvent(new Event('change', {bubbles: true}));"
        " new Promise((done) => setTimeout(done, 250)) }"
    )


def test_the_page_opens_with_the_totals_and_the_worst_finding_open(shown: Shown) -> None:
    page = shown()
    assert texts(page, ".tile b") == ["7", "7", "180", "1.31 s", "1 · 1"]
    assert count(page) == "9 findings in 6 tests"
    assert numbers(page, ".finding") == 9
    assert numbers(page, ".finding .body") == 1
    assert "Order.lines is loaded row by row: 60 queries" in texts(page, ".finding.open")[0]


def test_an_excerpt_marks_the_line_of_the_call_site_and_of_the_parents(shown: Shown) -> None:
    page = shown()
    assert texts(page, ".finding.open .number.here") == ["90", "8"]
    assert texts(page, ".finding.open .line.here") == [
        f"line_{n} = {n}  # of the orders" for n in (90, 8)
    ]


def test_a_source_that_is_not_there_is_said_to_be_missing(shown: Shown) -> None:
    page = shown(part="#text=orders.html")
    assert "The source was not there when this page was written." in page.evaluate(TEXT)


def test_search_needs_every_word_and_finds_rules_lines_and_statements(shown: Shown) -> None:
    page = shown()
    for words, findings in {
        "qs101 mail.py": 1,
        "TRANSLATION.column_3": 1,
        "/graphql": 1,
        "日本": 1,
        "the list is short": 1,
        "nothing of this": 0,
    }.items():
        choose(page, "text", words)
        assert numbers(page, ".finding") == findings, words
    assert "No finding fits" in page.evaluate(TEXT)
    choose(page, "text", "")
    assert numbers(page, ".finding") == 9


def test_findings_are_filtered_by_rule_and_verdict(shown: Shown) -> None:
    page = shown()
    for rule, verdict, findings in [
        ("QS301", "", 1),
        ("", "open", 7),
        ("", "worse", 1),
        ("", "accepted", 1),
        ("QS204", "suppressed", 1),
        ("QS301", "suppressed", 0),
    ]:
        choose(page, "rule", rule)
        choose(page, "verdict", verdict)
        assert numbers(page, ".finding") == findings, (rule, verdict)


def test_tests_are_sorted_by_queries_time_or_name(shown: Shown) -> None:
    page = shown(part="#view=tests")
    assert count(page) == "7 tests"
    assert texts(page, ".item .row")[0].startswith("tests/test_orders.pytest_list")
    page.evaluate("document.querySelector('.columns button').focus()")
    page.press("Enter", text="\r")
    assert "test_users" in texts(page, ".item .row")[0]
    assert page.evaluate("document.activeElement.textContent") == "Test ▴"
    click(page, ".columns button:nth-child(3)")
    assert "test_list" in texts(page, ".item .row")[0]
    click(page, "#only")
    assert count(page) == "6 tests"
    choose(page, "text", "orders.PLACED_on")
    assert count(page) == "1 test"


def test_a_test_opens_to_its_timeline_with_lazy_loads_below_their_parents(shown: Shown) -> None:
    page = shown(part="#view=tests&text=test_list")
    assert numbers(page, ".query") == 0
    click(page, ".item .row")
    names = texts(page, ".phase:first-of-type .query .sql")
    assert names == ["SELECT … FROM orders", "Order.lines", "INSERT INTO orders VALUES (%(id)s)"]
    depths = page.evaluate(
        "[...document.querySelectorAll('.phase:first-of-type .what')]"
        ".map((each) => each.style.getPropertyValue('--depth'))"
    )
    assert depths == ["0", "1", "0"]
    assert texts(page, ".times") == ["×6"]
    assert numbers(page, ".query.lazy.found.error") == 1
    assert (
        page.evaluate("document.querySelectorAll('.query.lazy path')[0].getAttribute('d')").count(
            "M"
        )
        == 6
    )
    click(page, ".query.lazy")
    assert "lazy load: Order.lines, of Order(1,)" in page.evaluate(TEXT)
    assert "Rows loaded by" in page.evaluate(TEXT)
    click(page, ".each > .link")
    assert numbers(page, ".each .query.lazy") == 6


def test_set_up_is_folded_and_shown_on_demand(shown: Shown) -> None:
    recording = orders_recording()
    *others, last = recording.queries
    setup = replace(last, context=replace(last.context, phase="setup"))
    page = shown(
        recordings={ORDERS: replace(recording, queries=(*others, setup))},
        part="#view=tests&text=test_list",
    )
    click(page, ".item .row")
    assert numbers(page, ".query.flush") == 0
    click(page, ".phase header .link")
    assert numbers(page, ".query.flush") == 1


def test_a_finding_leads_to_its_test_and_back(shown: Shown) -> None:
    page = shown(part="#text=mail.py")
    click(page, ".links button")
    assert page.evaluate("document.querySelector('[aria-selected=true]').id") == "tab-tests"
    assert "test_list" in texts(page, ".item.open .row")[0]
    assert numbers(page, ".item.open .query") == 3
    page.evaluate(
        "new Promise((done) => { addEventListener('popstate', () => setTimeout(done)); history.back(); })"
    )
    assert count(page) == "1 finding in 1 test"


def test_statements_of_the_run_are_counted_by_shape(shown: Shown) -> None:
    page = shown(part="#view=statements")
    assert count(page) == "3 statements"
    assert "FROM line" in texts(page, ".row.four")[0]
    click(page, ".row.four")
    assert texts(page, ".item.open .links button") == [ORDERS]


def test_the_theme_follows_the_system_until_it_is_chosen(shown: Shown) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = shown().evaluate(ground)
    page = shown(scheme="dark")
    dark = page.evaluate(ground)
    assert light != dark
    seen = []
    for _ in range(3):
        click(page, "#theme")
        seen.append((texts(page, "#theme")[0], page.evaluate(ground)))
    assert seen == [("Theme: Light", light), ("Theme: Dark", dark), ("Theme: Automatic", dark)]


def test_everything_can_be_done_with_the_keyboard(shown: Shown) -> None:
    page = shown()
    focused = "document.activeElement.id || document.activeElement.className"
    page.press("/", "Slash", text="/")
    assert page.evaluate(focused) == "text"
    for letter in "mail":
        page.press(letter, f"Key{letter.upper()}", text=letter)
    page.evaluate("new Promise((done) => setTimeout(done, 250))")
    assert count(page) == "1 finding in 1 test"
    for _ in range(3):
        page.press("Tab")
    assert page.evaluate(focused) == "opener"
    before = page.evaluate("document.activeElement.getAttribute('aria-expanded')")
    page.press("Enter", text="\r")
    assert {before, page.evaluate("document.activeElement.getAttribute('aria-expanded')")} == {
        "true",
        "false",
    }
    page.evaluate("document.getElementById('text').focus()")
    page.press("Escape")
    assert count(page) == "9 findings in 6 tests"
    page.evaluate("document.getElementById('tab-findings').focus()")
    page.press("ArrowRight")
    assert page.evaluate(focused) == "tab-tests"
    assert count(page) == "7 tests"


def test_every_control_has_a_name_for_a_screen_reader(shown: Shown) -> None:
    page = shown(part="#view=tests")
    click(page, ".item .row")
    nodes: list[dict[str, Any]] = page.send("Accessibility.getFullAXTree")["nodes"]
    controls = [
        node
        for node in nodes
        if not node["ignored"]
        and node["role"]["value"] in ("button", "searchbox", "combobox", "checkbox", "tab")
    ]
    assert len(controls) > 15
    assert [node for node in controls if not node.get("name", {}).get("value")] == []


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_the_cure_is_copied_with_and_without_a_clipboard(shown: Shown, has_clipboard: bool) -> None:
    page = shown(part="#text=mail.py")
    page.evaluate(
        "navigator.clipboard.writeText = async (text) => { window.taken = text; }"
        if has_clipboard
        else "{ navigator.clipboard.writeText = async () => { throw new Error('no'); };"
        " document.execCommand = () => { window.taken = document.activeElement.value; return true; } }"
    )
    click(page, ".panel.cure .copy")
    page.evaluate("new Promise((done) => setTimeout(done, 50))")
    assert page.evaluate("window.taken").splitlines()[0] == "select(Order).options("
    assert texts(page, ".panel.cure .copy") == ["Copied"]


@pytest.mark.parametrize("view", ["findings", "tests", "statements"])
def test_hostile_text_is_only_text(shown: Shown, view: str) -> None:
    run_ = hostile()
    nodeid = run_.tests[0].nodeid
    evil = query(f"SELECT '{HOSTILE}'", 0, error=HOSTILE, context={"request_name": HOSTILE})
    page = shown(
        run_, {nodeid: replace(orders_recording(nodeid), queries=(evil,))}, part=f"#view={view}"
    )
    for button in (".opener", ".row", ".query"):
        page.evaluate(
            f"document.querySelectorAll('{button}[aria-expanded=false]').forEach((each) => each.click())"
        )
    assert numbers(page, "img") == 0
    assert numbers(page, "script") == 3
    assert "<script>alert(1)</script>" in page.evaluate(
        "document.querySelector('main').textContent"
    )


def test_no_script_but_the_page_s_own_may_run(shown: Shown) -> None:
    page = shown()
    page.evaluate(
        "{ const script = document.createElement('script'); script.textContent = 'window.owned = 1';"
        " document.body.append(script); }"
    )
    assert page.evaluate("window.owned === undefined")
    page.evaluate(
        "new Promise((done) => { const image = new Image(); image.onerror = done;"
        " image.src = 'http://127.0.0.1:9/'; })"
    )
    refused = [each["entry"]["text"] for each in page.named("Log.entryAdded")]
    assert len(refused) == 2
    assert "script-src" in refused[0]
    assert "img-src" in refused[1]
    page.events.clear()


def test_printing_opens_every_finding(shown: Shown) -> None:
    page = shown()
    pdf = page.send("Page.printToPDF")["data"]
    assert base64.b64decode(pdf).startswith(b"%PDF-")
    assert numbers(page, ".finding .body") == 9


def test_a_run_of_nothing_has_words_for_it(shown: Shown) -> None:
    page = shown(run(), {})
    assert "Every test's queries are in order." in page.evaluate(TEXT)
    for view, words in {
        "tests": "The run had no tests.",
        "statements": "No query was recorded",
    }.items():
        click(page, f"#tab-{view}")
        assert words in page.evaluate(TEXT)


def test_a_test_whose_queries_were_not_kept_says_so(shown: Shown) -> None:
    page = shown(run(result(ORDERS)), {}, part="#view=tests")
    click(page, ".item .row")
    assert "This test's queries were not recorded" in page.evaluate(TEXT)


def test_a_narrow_window_needs_no_sideways_scrolling(shown: Shown) -> None:
    page = shown(part="#view=tests")
    page.send(
        "Emulation.setDeviceMetricsOverride",
        width=380,
        height=800,
        deviceScaleFactor=1,
        mobile=False,
    )
    try:
        click(page, ".item .row")
        for view in ("tests", "statements", "findings"):
            click(page, f"#tab-{view}")
            wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide[0] <= wide[1], view
    finally:
        page.send("Emulation.clearDeviceMetricsOverride")


def test_thousands_of_tests_and_queries_stay_quick(shown: Shown) -> None:
    nodeids = [f"tests/test_many.py::test_{number:05}" for number in range(3000)]
    recordings = {nodeid: orders_recording(nodeid) for nodeid in nodeids}
    many = replace(
        orders_recording(nodeids[0]),
        queries=tuple(query(f"SELECT {index % 7}", index) for index in range(20_000)),
    )
    page = shown(
        run(*(result(nodeid, queries=8) for nodeid in nodeids)),
        recordings | {nodeids[0]: many},
        part="#view=tests&sort=nodeid",
    )
    assert count(page) == "3,000 tests"
    assert numbers(page, ".item") < 200
    spent = page.evaluate(
        "(() => { const begin = performance.now(); document.querySelector('.item .row').click();"
        " return performance.now() - begin; })()"
    )
    assert spent < 5000
    assert numbers(page, ".query") <= 200
    choose(page, "text", "test_02999")
    assert count(page) == "1 test"
