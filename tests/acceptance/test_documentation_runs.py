"""Every block of the documentation does what it says: files and sessions run, snippets too.

A page whose Python blocks name files (``# tests/test_orders.py``) is played through in an empty
folder: its files are written, its commands run, and what they print is what the page shows.
On other pages commands are held against what exists, and snippets run beside the small shop.
"""

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
import yaml

from querysafe.cli import main
from querysafe.options import OPTIONS
from querysafe.settings import SECTIONS
from tests.documentation.blocks import Block, blocks, resembles
from tests.documentation.pages import DOCS, MARK, ROOT

FLAGS = {option.flag for option in OPTIONS}
SHOP = ("shop.py", "conftest.py")
PRELUDE = """
import datetime
import pytest
import querysafe
from shop import *
from sqlalchemy import *
from sqlalchemy.orm import *
engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
session = Session(engine)
session.add_all(stock())
session.commit()
session.close()
session = Session(engine)
"""


def pages() -> list[Path]:
    rules = DOCS / "rules"
    written = [path for path in sorted(DOCS.rglob("*.md")) if path.parent != rules]
    return [ROOT / "README.md", *(path for path in written if "changelog" not in path.as_posix())]


def played() -> list[Path]:
    return [
        page
        for page in pages()
        if any(block.language == "python" and block.file for block in blocks(page))
    ]


def ids(value: object) -> str:
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else str(value)


PLAYED = played()
OTHERS = [block for page in pages() if page not in PLAYED for block in blocks(page)]


@pytest.mark.parametrize("page", PLAYED, ids=ids)
def test_a_page_with_files_can_be_followed_word_by_word(page: Path, tmp_path: Path) -> None:
    for name in SHOP:
        shutil.copy(DOCS / "rules" / name, tmp_path)
    for block in blocks(page):
        if block.file:
            file = tmp_path / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            for command, shown in block.commands():
                follow(block, command, shown, tmp_path)
        else:
            understand(block)


def follow(block: Block, command: str, shown: str, folder: Path) -> None:
    exists(block, command)
    words = shlex.split(command)
    if words[0] in ("pytest", "querysafe"):
        quiet = ["-p", "no:randomly", "-p", "no:asyncio"] if words[0] == "pytest" else []
        run = [sys.executable, "-m", words[0], *quiet, *words[1:]]
    elif words[0] in ("cat", "git", "ls"):
        run = words
    else:
        return
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("QUERYSAFE", "PYTEST", "GITHUB")) and name != "CI"
    }
    done = subprocess.run(
        run,
        cwd=folder,
        env=environment | {"COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if shown.strip():
        assert resembles(done.stdout, shown), f"{block}: $ {command}\n{done.stdout}"


@pytest.mark.parametrize("block", OTHERS, ids=str)
def test_a_block_names_only_what_exists_and_is_what_it_says(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if block.language == "console":
        for command, _ in block.commands():
            exists(block, command)
    elif block.language == "python":
        if MARK in block.page.read_text(encoding="utf-8"):
            compile(block.text, str(block), "exec")
            return
        snippet(block, tmp_path)
    else:
        understand(block)


def snippet(block: Block, folder: Path) -> None:
    """Run a snippet, and the tests that it holds, beside the shop."""
    for name in SHOP:
        shutil.copy(DOCS / "rules" / name, folder)
    (folder / "test_snippet.py").write_text(
        f"{PRELUDE}\n{block.text}\n\ndef test_the_snippet_ran(): pass\n", encoding="utf-8"
    )
    quiet = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *quiet],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}"


def understand(block: Block) -> None:
    if block.language == "toml":
        options = tomllib.loads(block.text).get("tool", {}).get("querysafe", {})
        assert set(options) <= {*(option.name for option in OPTIONS), *SECTIONS}, block
    elif block.language == "ini":
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(block.text)
        named = {key for section in parser.sections() for key in parser[section]}
        ours = {key for key in named if key.startswith("querysafe")}
        assert ours <= {option.ini for option in OPTIONS}, block
    elif block.language == "shell":
        for command in block.text.splitlines():
            exists(block, command)
    elif block.language == "yaml":
        yaml.safe_load(block.text)
        for command in re.findall(r"(?:run:|\|)\s+((?:pytest|querysafe) .*)", block.text):
            exists(block, command)
    else:
        assert block.language in ("text", "python"), f"{block} says no language that we know"


def exists(block: Block, command: str) -> None:
    """Fail for a command, a flag or a script that is not there."""
    words = shlex.split(re.sub(r"\s+(>>?|\|)\s.*", "", command))
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    program, arguments = words[0], words[1:]
    if program == "pytest":
        flags = {word.partition("=")[0] for word in arguments if word.startswith("--querysafe")}
        assert flags <= FLAGS, f"{block}: {command}"
    elif program == "querysafe":
        found: click.Command = main
        context = click.Context(main)
        while isinstance(found, click.Group) and arguments and arguments[0][:1] != "-":
            name = arguments.pop(0)
            below = found.get_command(context, name)
            assert below is not None, f"{block}: {command}"
            found = below
        known = {flag for each in found.params for flag in each.opts} | {"--help"}
        given = {word.partition("=")[0] for word in arguments if word.startswith("-")}
        assert given <= known, f"{block}: {command}"
    elif program.startswith("scripts/"):
        assert os.access(ROOT / program, os.X_OK), f"{block}: {command}"
    elif program == "python":
        assert arguments[0] == "-m", f"{block}: {command}"
        assert arguments[1] == "pip" or find_spec(arguments[1]), f"{block}: {command}"
        for extra in re.findall(r"querysafe\[([\w,]+)\]", command):
            project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
            known = set(project["project"]["optional-dependencies"])
            assert set(extra.split(",")) <= known, f"{block}: {command}"
    else:
        assert program in ("git", "cat", "ls", "cd", "gh", "pip"), f"{block}: {command}"


def test_a_page_that_shows_something_else_is_found() -> None:
    assert resembles("a\nb\nc\n", "a\n…\nc")
    assert resembles("took 3 s  \n\n", "took … s")
    assert not resembles("a\nb\n", "a")
    assert not resembles("took 3 m\n", "took … s")
    assert not resembles("b\na\n", "…\nb")


def test_what_does_not_exist_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```console\n$ pytest --querysafe-jsn=x\n$ querysafe comapre\n"
        "$ querysafe rules --formt json\n$ scripts/nothing\n"
        "$ python -m pip install querysafe[nothing]\n$ tox\n```\n"
        "```toml\n[tool.querysafe]\nmax_querys = 3\n```\n"
        "```ini\n[pytest]\nquerysafe_tpo = 3\n```\n```python\n1 / 0\n```\n```sh\nls\n```\n"
    )
    session, toml, ini, python, unknown = blocks(page)
    for command, _ in session.commands():
        with pytest.raises(AssertionError):
            exists(session, command)
    for block in (toml, ini, unknown):
        with pytest.raises(AssertionError):
            understand(block)
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        snippet(python, tmp_path)


def test_a_page_is_played_with_its_files_and_commands() -> None:
    assert [page.relative_to(ROOT).as_posix() for page in PLAYED][:1] == ["README.md"]
    assert any(page.name == "tutorial.md" for page in PLAYED)
