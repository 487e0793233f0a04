"""The report of the terminal: colours, widths, how much is shown."""

from querysafe.report.printable import printable
from querysafe.report.text import one_test, render, shortened
from tests.unit.report.runs import finding, mixed, result, run


def test_colours_are_there_only_when_asked() -> None:
    assert "\x1b[" not in render(mixed())
    assert "\x1b[1;31mQS101 n-plus-one" in render(mixed(), color=True)


def test_a_cure_is_whole_on_its_lines_however_narrow_the_terminal_is() -> None:
    long = (
        "select(Order).options(" + ", ".join(f"selectinload(Order.r{n})" for n in range(20)) + ")"
    )
    for color in (False, True):
        assert long in render(run(result("t.py::t", finding(cure=long))), width=20, color=color)


def test_a_statement_fits_the_terminal_and_is_whole_enough_elsewhere() -> None:
    long = f"SELECT a FROM t WHERE {' AND '.join(f'column_{n} = 1' for n in range(30))}"
    findings = run(result("t.py::t", finding(statement=long)))
    piped = next(line for line in render(findings, width=70).splitlines() if "SELECT a" in line)
    assert len(piped) > 150
    shown = next(
        line for line in render(findings, width=70, color=True).splitlines() if "SELECT a" in line
    )
    assert shown.split("SELECT", 1)[1].count("column_") < 4


def test_top_limits_what_is_shown_and_counts_the_rest() -> None:
    many = run(
        *(result(f"t.py::t{n}", finding(nodeid=f"t.py::t{n}", label=f"A.b{n}")) for n in range(12))
    )
    assert "… and 2 more findings (--querysafe-top=0 shows all)" in render(many)
    assert "… and 11 more findings (--top 0 shows all)" in render(many, top=1, all_option="--top 0")
    assert "more finding" not in render(many, top=0)


def test_a_failing_test_is_told_the_finding_and_how_to_accept_it() -> None:
    told = one_test([finding()])
    assert told.startswith("QS101 n-plus-one  Order.lines is loaded row by row")
    assert "@pytest.mark.querysafe(allow=[...], reason=...)" in told


def test_what_a_terminal_would_obey_is_shown_as_an_escape() -> None:
    assert printable("a\x1b[2Jb\x07\u202e\u2028") == "a\\x1b[2Jb\\x07\\u202e\\u2028"
    assert printable("two\r\nlines\tä日本") == "two lines    ä日本"


def test_a_long_select_loses_its_columns_first() -> None:
    columns = ", ".join(f"orders.column_{n}" for n in range(40))
    short = shortened(f"SELECT {columns} \nFROM orders \nWHERE orders.id = ?")
    assert short.endswith("… FROM orders WHERE orders.id = ?")
    assert len(shortened("x" * 500)) == 160
