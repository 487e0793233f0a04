"""The generated pages are those of the code, and every link in the documentation leads somewhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from querysafe.options import OPTIONS
from tests.documentation import pages
from tests.documentation.__main__ import main
from tests.documentation.commands import commands

DOCS = pages.DOCS
WRITTEN = [*DOCS.rglob("*.md"), pages.ROOT / "README.md"]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the documentation that a test may damage."""
    docs = tmp_path / "docs"
    shutil.copytree(DOCS, docs)
    made = {docs / path.relative_to(DOCS): text for path, text in pages.pages().items()}
    monkeypatch.setattr(pages, "DOCS", docs)
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr("tests.documentation.__main__.ROOT", tmp_path)
    monkeypatch.setattr(pages, "pages", lambda: made)
    monkeypatch.setattr("tests.documentation.__main__.pages", lambda: made)
    return docs


def test_the_generated_pages_are_current() -> None:
    assert pages.stale() == [], "write them with scripts/docs"


def test_the_command_says_so_with_its_status() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.documentation", "--check"],
        cwd=pages.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout == f"{len(pages.pages())} pages are current\n"


def test_a_changed_a_missing_and_a_left_over_page_are_found_and_put_right(copied: Path) -> None:
    (copied / "rules" / "QS101.md").write_text("changed")
    (copied / "reference" / "options.md").unlink()
    (copied / "rules" / "QS999.md").write_text(f"{pages.MARK}\n\nof a rule that went\n")
    checked = CliRunner().invoke(main, ["--check"])
    assert checked.exit_code == 1
    assert checked.stdout == (
        "docs/reference/options.md is not current\n"
        "docs/rules/QS101.md is not current\n"
        "docs/rules/QS999.md is not current\n"
    )
    assert CliRunner().invoke(main, []).exit_code == 0
    assert CliRunner().invoke(main, ["--check"]).exit_code == 0
    assert not (copied / "rules" / "QS999.md").exists()


def test_every_option_and_command_is_found_in_the_documentation() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in WRITTEN)
    for option in OPTIONS:
        for name in (option.flag, option.ini, option.variable):
            assert f"`{name}" in text, name
    for name, command in commands():
        assert f"`{name}`" in text, name
        for each in command.params:
            for flag in each.opts:
                if flag.startswith("--"):
                    assert flag in text, f"{name} {flag}"


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "#")):
            continue
        assert (path.parent / target.partition("#")[0]).exists(), f"{path}: {target}"
