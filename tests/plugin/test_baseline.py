"""The baseline of a project: written whole, kept by partial runs, strict about what got worse."""

import shutil

import pytest

from tests.plugin.conftest import Project

SHOP = """
import pytest
import shop

def test_naive(session):
    assert len(shop.products(session)) == 6

@pytest.mark.parametrize("times", [1, 2])
def test_times(session, times):
    assert len(shop.products(session)) == 6

class TestClass:
    def test_cured(self, session):
        shop.products_at_once(session)
"""
OTHER = "import shop\n\ndef test_other(session):\n    shop.products(session)\n"


@pytest.fixture
def accepted(project: Project) -> Project:
    """A project whose findings are accepted."""
    project.write("test_shop.py", SHOP)
    project.write("tests/test_other.py", OTHER)
    result = project.run("--querysafe-update", "--querysafe=check")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["baseline querysafe-baseline: 2 files changed"])
    return project


def test_it_is_a_sorted_text_file_per_module_and_then_check_passes(accepted: Project) -> None:
    files = accepted.baseline()
    assert list(files) == ["test_shop.txt", "tests/test_other.txt"]
    entries = [line for line in files["test_shop.txt"].splitlines() if line[:1] not in ("", "#")]
    tests = [line.partition(" | ")[0] for line in entries]
    assert sorted(set(tests)) == ["test_naive", "test_times[1]", "test_times[2]"]
    assert tests == sorted(tests)
    assert entries[0] == "test_naive | finding | 3 | QS101 Order.lines shop.py::products"
    assert entries[1].startswith("test_naive | query | 3 | ")
    assert entries[1].endswith(
        "SELECT lines.* FROM lines WHERE ? = lines.order_id ORDER BY lines.id"
    )
    result = accepted.run("--querysafe=check")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["0 findings, 4 accepted by the baseline, *"])


def test_updating_again_changes_no_byte(accepted: Project) -> None:
    before = accepted.baseline()
    result = accepted.run("--querysafe-update")
    result.stdout.fnmatch_lines(["baseline querysafe-baseline: nothing changed"])
    assert accepted.baseline() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "naive"),
        ("test_shop.py::test_naive",),
        ("test_shop.py::test_times[1]",),
        ("test_shop.py::TestClass",),
        ("test_shop.py",),
        ("tests",),
        ("--deselect", "test_shop.py::test_naive"),
        ("--ignore", "test_shop.py"),
        ("-m", "nothing"),
        ("--lf",),
        ("--collect-only",),
        ("test_shop.py::test_naive", "tests/test_other.py"),
        ("--pyargs", "test_shop::test_naive"),
    ],
)
def test_a_partial_run_keeps_the_entries_of_tests_that_it_did_not_run(
    accepted: Project, arguments: tuple[str, ...]
) -> None:
    before = accepted.baseline()
    if arguments == ("--lf",):
        accepted.edit(
            "test_shop.py", "def test_naive(session):", "def test_naive(session):\n    assert 0"
        )
        accepted.run()
        accepted.edit("test_shop.py", "\n    assert 0", "")
    result = accepted.run("--querysafe-update", *arguments)
    result.stdout.no_fnmatch_line("*no longer exists*")
    assert accepted.baseline() == before


def test_tests_that_fail_are_skipped_or_cannot_be_imported_keep_their_entries(
    accepted: Project,
) -> None:
    before = accepted.baseline()
    accepted.edit(
        "test_shop.py", "def test_naive(session):", "def test_naive(session):\n    assert 0"
    )
    accepted.edit("test_shop.py", "@pytest.mark.param", "@pytest.mark.skip\n@pytest.mark.param")
    accepted.write("tests/test_other.py", "import nothing_of_that_name\n")
    accepted.run("--querysafe-update", "--continue-on-collection-errors")
    assert accepted.baseline() == before
    accepted.write(
        "tests/test_other.py", "import pytest\npytest.skip('today', allow_module_level=True)"
    )
    accepted.run("--querysafe-update", "-x")
    assert accepted.baseline() == before


def test_a_renamed_test_and_a_removed_module_are_named_and_go(accepted: Project) -> None:
    accepted.edit("test_shop.py", "def test_naive", "def test_renamed")
    (accepted.root / "tests/test_other.py").unlink()
    result = accepted.run("--querysafe=check")
    result.assert_outcomes(passed=3, failed=1)
    lines = [
        "*test_shop.py::test_naive: the test no longer exists",
        "*tests/test_other.py::test_other: the test no longer exists",
    ]
    result.stdout.fnmatch_lines(lines)
    updated = accepted.run("--querysafe-update")
    updated.stdout.fnmatch_lines(lines)
    files = accepted.baseline()
    assert list(files) == ["test_shop.txt"]
    assert "test_naive |" not in files["test_shop.txt"]
    assert "test_renamed |" in files["test_shop.txt"]


def test_six_queries_that_became_sixty_fail_and_fewer_are_offered_for_tightening(
    accepted: Project,
) -> None:
    accepted.edit("conftest.py", "shop.fill(session)", "shop.fill(session, 30)")
    accepted.edit("test_shop.py", "== 6", "== 60")
    worse = accepted.run("--querysafe=check", "test_shop.py")
    worse.assert_outcomes(failed=3, passed=1)
    worse.stdout.fnmatch_lines(["QS101 n-plus-one*30 queries (3 accepted)*"])
    assert accepted.run("--querysafe-update").ret == pytest.ExitCode.OK
    assert accepted.run("--querysafe=check").ret == pytest.ExitCode.OK
    accepted.edit("conftest.py", "shop.fill(session, 30)", "shop.fill(session, 4)")
    accepted.edit("test_shop.py", "== 60", "== 8")
    better = accepted.run("--querysafe=check")
    assert better.ret == pytest.ExitCode.OK
    better.stdout.fnmatch_lines(
        [
            "Better than the baseline*",
            "*test_shop.py::test_naive: QS101 Order.lines*30 accepted, now 4",
        ]
    )


def test_a_statement_in_no_finding_that_runs_ten_times_as_often_is_a_regression(
    project: Project,
) -> None:
    project.write(
        "test_shop.py",
        """
import shop
from sqlalchemy import text

def test_polls(session):
    session.execute(text("SELECT 1"))
    assert session.execute(text("SELECT 1")).scalar() == 1
""",
    )
    project.run("--querysafe-update")
    line = '    session.execute(text("SELECT 1"))\n'
    project.edit("test_shop.py", line, line * 20)
    result = project.run("--querysafe=check", "--querysafe-ignore=QS103,QS105,QS201")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["QS401 regression*21 times, 2 are accepted*"])


def test_an_entry_that_a_cured_test_no_longer_needs_is_named(accepted: Project) -> None:
    accepted.edit("tests/test_other.py", "products(", "products_at_once(")
    result = accepted.run("--querysafe=check")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        ["Stale in the baseline*", "*test_other: QS101 Order.lines*: 3 accepted, none found"]
    )
    accepted.run("--querysafe-update")
    assert list(accepted.baseline()) == ["test_shop.txt"]


def test_a_stale_entry_is_named_although_no_test_sends_a_query(project: Project) -> None:
    project.write("test_shop.py", OTHER)
    project.run("--querysafe-update")
    project.write("test_shop.py", "def test_other():\n    pass\n")
    project.run().stdout.fnmatch_lines(["*test_other: QS101 Order.lines*: 3 accepted, none found"])


def test_a_new_column_moved_lines_and_a_reformat_change_nothing(accepted: Project) -> None:
    before = accepted.baseline()
    accepted.edit(
        "shop.py",
        "    name: Mapped[str]\n",
        "    name: Mapped[str]\n    note: Mapped[str | None]\n",
    )
    accepted.edit(
        "shop.py",
        "    product: Mapped[str]\n",
        "    product: Mapped[str]\n    price: Mapped[int | None]\n",
    )
    accepted.edit("shop.py", "def products(", "\n\n# Moved.\n\n\ndef products(")
    accepted.edit(
        "shop.py",
        "    return [line.product for order in orders for line in order.lines]\n",
        "    return [\n        line.product\n        for order in orders\n        for line in order.lines\n    ]\n",
    )
    accepted.edit("test_shop.py", "def test_naive", "\n\n\n\ndef test_naive")
    assert accepted.run("--querysafe=check").ret == pytest.ExitCode.OK
    accepted.run("--querysafe-update").stdout.fnmatch_lines(["*: nothing changed"])
    assert accepted.baseline() == before


@pytest.mark.parametrize("said", ["true", "1"])
def test_in_ci_a_missing_baseline_fails_with_a_hint(project: Project, said: str) -> None:
    project.write(
        "test_shop.py", "import shop\ndef test_a(session):\n    shop.products_at_once(session)\n"
    )
    project.monkeypatch.setenv("CI", said)
    result = project.run("--querysafe=check")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            'querysafe: the baseline "querysafe-baseline" does not exist',
            "*pytest --querysafe-update*",
        ]
    )
    assert project.run().ret == pytest.ExitCode.OK
    project.run("--querysafe-update")
    assert list(project.baseline()) == []
    assert (project.root / "querysafe-baseline" / "README.md").is_file()
    assert project.run("--querysafe=check").ret == pytest.ExitCode.OK


@pytest.mark.parametrize("said", ["", "false", "0"])
def test_outside_of_ci_or_without_queries_a_missing_baseline_is_no_failure(
    project: Project, said: str
) -> None:
    project.write(
        "test_shop.py", "import shop\ndef test_a(session):\n    shop.products_at_once(session)\n"
    )
    project.write("test_plain.py", "def test_b():\n    pass\n")
    project.monkeypatch.setenv("CI", said)
    assert project.run("--querysafe=check").ret == pytest.ExitCode.OK
    project.monkeypatch.setenv("CI", "true")
    assert project.run("--querysafe=check", "test_plain.py").ret == pytest.ExitCode.OK


def test_what_a_merge_left_behind_is_named_with_its_line(accepted: Project) -> None:
    file = accepted.root / "querysafe-baseline" / "test_shop.txt"
    text = file.read_text()
    file.write_text(text.replace("test_naive |", "<<<<<<< HEAD\ntest_naive |", 1))
    for arguments in (("--querysafe=check",), ("--querysafe-update",)):
        result = accepted.run(*arguments)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            ["*test_shop.txt' line 5 holds the marker of an unfinished merge*"]
        )
    reported = accepted.run()
    assert reported.ret == pytest.ExitCode.OK
    reported.stdout.fnmatch_lines(["querysafe: *test_shop.txt' line 5 holds the marker*"])


def test_a_union_merge_of_two_branches_holds_for_both(accepted: Project) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is missing")

    def run(*arguments: str) -> None:
        done = accepted.pytester.run(git, "-c", "user.name=n", "-c", "user.email=e@x", *arguments)
        assert done.ret == 0, done.stdout.str() + done.stderr.str()

    accepted.write(".gitattributes", "querysafe-baseline/**/*.txt merge=union\n")
    accepted.write(".gitignore", "__pycache__\n.pytest_cache\nrunpytest-*\n*.json\n")
    run("init", "-q", "-b", "main")
    run("add", "-A")
    run("commit", "-qm", "base")
    for branch, place in (("one", "\n@pytest.mark.param"), ("two", "\nclass TestClass")):
        run("checkout", "-q", "-b", branch, "main")
        new = f"\ndef test_naive_{branch}(session):\n    shop.products(session)\n\n{place}"
        accepted.edit("test_shop.py", place, new)
        accepted.run("--querysafe-update")
        run("commit", "-qam", branch)
    run("merge", "-q", "--no-edit", "one")
    assert accepted.run("--querysafe=check").ret == pytest.ExitCode.OK
    accepted.run("--querysafe-update")
    tests = {line.partition(" | ")[0] for line in accepted.baseline()["test_shop.txt"].splitlines()}
    assert {"test_naive", "test_naive_one", "test_naive_two"} <= tests


def test_update_while_the_mode_is_off_is_a_usage_error(project: Project) -> None:
    result = project.run("--querysafe=off", "--querysafe-update")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--querysafe-update needs the tests to be recorded*"])


def test_a_baseline_that_cannot_be_written_is_told_and_ends_the_run_with_an_error(
    accepted: Project,
) -> None:
    shutil.rmtree(accepted.root / "querysafe-baseline")
    accepted.write("querysafe-baseline", "a file where the directory should be\n")
    result = accepted.run("--querysafe-update")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["querysafe: *the baseline in '*' cannot be written*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
