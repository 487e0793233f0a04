"""``querysafe init``: what a project needs to begin, written beside what is there."""

import configparser
import difflib
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from querysafe.errors import SettingsError
from querysafe.report.writing import write

_EPILOG = """\b
Exit status:
  0  everything is in place
  2  a file that is there cannot be understood
  3  a file cannot be written

\b
Examples:
  querysafe init --dry-run
  querysafe init
  querysafe init --directory services/shop
"""
_TABLE = """\
[tool.querysafe]
# report shows findings and changes no outcome; check fails a test for each new one.
mode = "report"
baseline = "querysafe-baseline"
"""
_INI = """\
# querysafe: report shows findings and changes no outcome; check fails a test for each new one.
querysafe = report
querysafe_baseline = querysafe-baseline
"""
_INI_FILES = (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest"))
_IGNORED = ".querysafe/"
_MERGED = "querysafe-baseline/**/*.txt merge=union"
_GITHUB = """\
      - run: pytest --querysafe=check --querysafe-sarif=.querysafe/findings.sarif
      - uses: github/codeql-action/upload-sarif@v3
        if: ${{ !cancelled() }}
        with:
          sarif_file: .querysafe/findings.sarif
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that a project needs, and what becomes of the file that holds it."""

    path: Path
    what: str
    before: str | None
    """The file's text; ``None`` when it does not exist."""
    after: str | None
    """Its text afterwards; ``None`` when there is nothing to do."""


@click.command(epilog=_EPILOG)
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    help="Root of the project, where pytest runs; here by default.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
def init(directory: Path, dry_run: bool) -> None:
    """Set querysafe up in a project: its settings, and what git should know.

    Nothing that is there is changed or overwritten; a second run does nothing.
    """
    for step in plan(directory):
        if step.after is None:
            click.echo(f"{step.path} has {step.what} already")
        elif dry_run:
            click.echo(f"{step.path} would get {step.what}")
            click.echo("".join(_difference(step)), nl=False)
        else:
            write(directory / step.path, step.after)
            click.echo(f"{step.path} has {step.what} now")
    click.echo("\nNext:")
    click.echo("  pytest                     shows what is there; no test fails for it")
    click.echo("  pytest --querysafe-update  accepts it in querysafe-baseline/, which you commit")
    click.echo("  pytest --querysafe=check   fails from then on for what is new or worse")
    if (directory / ".github").is_dir():
        click.echo(f"\nIn a workflow of GitHub Actions:\n\n{_GITHUB}", nl=False)


def plan(directory: Path) -> Iterator[Step]:
    """Say what each file needs, reading only.

    Raises :class:`SettingsError` for a file that cannot be understood.
    """
    yield _settings(directory)
    if (directory / ".git").exists():
        yield _line(directory, ".gitignore", _IGNORED, "the folder of reports", _names_reports)
        yield _line(
            directory,
            ".gitattributes",
            _MERGED,
            "the baseline's way to merge",
            lambda line: line.startswith("querysafe-baseline/"),
        )


def _settings(directory: Path) -> Step:
    """The settings go where the project's own are: pyproject.toml, or pytest's ini file."""
    project = _read(directory / "pyproject.toml")
    if project is not None:
        path, what = Path("pyproject.toml"), "[tool.querysafe]"
        if "querysafe" in _toml(path, project).get("tool", {}):
            return Step(path=path, what=what, before=project, after=None)
        after = f"{project.rstrip()}\n\n{_TABLE}".lstrip()
        _toml(path, after)
        return Step(path=path, what=what, before=project, after=after)
    for name, section in _INI_FILES:
        text = _read(directory / name)
        if text is not None and section in (parsed := _ini(Path(name), text)):
            what = f"querysafe's lines in [{section}]"
            if any(key.startswith("querysafe") for key in parsed[section]):
                return Step(path=Path(name), what=what, before=text, after=None)
            lines = text.splitlines(keepends=True)
            header = next(i for i, line in enumerate(lines) if line.startswith(f"[{section}]"))
            lines[header] = f"[{section}]\n"
            after = "".join((*lines[: header + 1], _INI, *lines[header + 1 :]))
            return Step(path=Path(name), what=what, before=text, after=after)
    # Not pyproject.toml: its mere presence changes how pip builds a project.
    path = Path("pytest.ini")
    return Step(
        path=path,
        what="querysafe's lines in [pytest]",
        before=_read(directory / path),
        after=f"[pytest]\n{_INI}",
    )


def _line(
    directory: Path, name: str, line: str, what: str, is_there: Callable[[str], bool]
) -> Step:
    text = _read(directory / name)
    if any(is_there(each.strip()) for each in (text or "").splitlines()):
        return Step(path=Path(name), what=what, before=text, after=None)
    above = f"{text.rstrip()}\n" if text and text.strip() else ""
    return Step(path=Path(name), what=what, before=text, after=f"{above}{line}\n")


def _names_reports(line: str) -> bool:
    return line.strip("/") in (".querysafe", ".querysafe/*", ".querysafe/**")


def _read(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f'"{path}" cannot be read: {error}') from None


def _toml(path: Path, text: str) -> dict[str, dict[str, object]]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f'"{path}" cannot take a [tool.querysafe]: {error}',
            hint="write the table by hand; `querysafe config show` says whether it is found",
        ) from None


def _ini(path: Path, text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise SettingsError(f'"{path}" cannot be read: {error}') from None
    return parser


def _difference(step: Step) -> Iterator[str]:
    assert step.after is not None
    return difflib.unified_diff(
        (step.before or "").splitlines(keepends=True),
        step.after.splitlines(keepends=True),
        str(step.path),
        str(step.path),
    )
