"""From paths to findings."""

import configparser
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from querysafe.advice.declared import BIG
from querysafe.advice.revision.errors import RevisionError
from querysafe.advice.revision.lint.breach import Breach
from querysafe.advice.revision.lint.change import Revision, Surroundings
from querysafe.advice.revision.lint.reading import read
from querysafe.advice.revision.lint.registry import FINDERS
from querysafe.advice.revision.lint.suppressing import comments
from querysafe.finding import Finding, Rule, Verdict
from querysafe.query import CallSite

_TRIES = ("alembic/versions", "migrations/versions", "versions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """What was read and found."""

    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    passed_over: tuple[str, ...] = ()
    """Python files that are no revisions."""


def lint(
    paths: Sequence[Path],
    *,
    root: Path,
    rows: Mapping[str, float] | None = None,
    rules: Collection[str] | None = None,
    downgrades: bool = False,
) -> Linted:
    """Read the revisions below some paths and judge them.

    ``rows`` are declared sizes: a table of fewer than :data:`BIG` is small, and a lock of it is
    not felt. ``rules`` are ids, all by default. Findings name files relative to ``root``. Raises
    :class:`RevisionError` for a path without revisions and for a file that is no Python.
    """
    functions = ("upgrade", "downgrade") if downgrades else ("upgrade",)
    files = _files(paths)
    revisions: list[Revision] = []
    passed_over: list[str] = []
    for path in files:
        found = _read(path, _shown(path, root), functions)
        if found is None:
            passed_over.append(_shown(path, root))
        else:
            revisions.append(found)
    if not revisions:
        raise RevisionError(
            f"no revision was found in {', '.join(str(path) for path in paths)}",
            hint="name the folder of the revisions: migrations/versions",
        )
    around = _surroundings(files, root, revisions, rows or {})
    findings = [
        finding for revision in revisions for finding in _judged(revision, around(revision), rules)
    ]
    return Linted(
        files=tuple(revision.path for revision in revisions),
        findings=tuple(findings),
        passed_over=tuple(passed_over),
    )


def default_paths(root: Path) -> tuple[Path, ...]:
    """Where the revisions of a project are: by its ``alembic.ini``, or in the usual folders."""
    ini = root / "alembic.ini"
    if ini.is_file():
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(ini, encoding="utf-8")
        location = parser.get("alembic", "script_location", fallback="")
        location = location.replace("%(here)s/", "").replace("%(here)s", ".")
        if location and (root / location / "versions").is_dir():
            return (root / location / "versions",)
    for name in _TRIES:
        if (root / name).is_dir():
            return (root / name,)
    raise RevisionError(
        "no folder of revisions was found",
        hint="name it: querysafe advise lint-revisions migrations/versions",
    )


def _files(paths: Iterable[Path]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(path.rglob("*.py"))
            found |= dict.fromkeys(
                each for each in inside if each.name not in ("env.py", "__init__.py")
            )
        elif path.is_file():
            found[path] = None
        else:
            raise RevisionError(f'"{path}" does not exist')
    return list(found)


def _read(path: Path, shown: str, functions: Sequence[str]) -> Revision | None:
    try:
        return read(path.read_text(encoding="utf-8"), shown, functions=functions)
    except SyntaxError as error:
        raise RevisionError(f'"{shown}" is no Python: {error.msg} (line {error.lineno})') from None
    except (OSError, UnicodeDecodeError) as error:
        raise RevisionError(f'"{shown}" cannot be read: {error}') from None


def _shown(path: Path, root: Path) -> str:
    whole = path.resolve()
    return (
        whole.relative_to(root.resolve()).as_posix()
        if whole.is_relative_to(root.resolve())
        else whole.as_posix()
    )


class _Around:
    """The surroundings of each revision: what its neighbours say counts for it."""

    def __init__(
        self,
        neighbours: Sequence[Revision],
        small: frozenset[str],
        *,
        lock_timeout: bool,
        is_handed: bool,
    ) -> None:
        self._by_id = {each.id: each for each in neighbours}
        self._partitioned = frozenset(name for each in neighbours for name in each.partitioned)
        self._small = small
        self._lock_timeout = lock_timeout
        self._is_handed = is_handed

    def __call__(self, revision: Revision) -> Surroundings:
        return Surroundings(
            partitioned=self._partitioned,
            small=self._small,
            lock_timeout=self._lock_timeout,
            is_handed=self._is_handed,
            before=tuple(change for each in self._below(revision) for change in each.changes),
        )

    def _below(self, revision: Revision) -> list[Revision]:
        """The revisions that run before one, oldest first."""
        found: list[Revision] = []
        seen = {revision.id}
        waiting = list(revision.down)
        while waiting:
            name = waiting.pop()
            below = self._by_id.get(name)
            if below is None or name in seen:
                continue
            seen.add(name)
            found.append(below)
            waiting += below.down
        return found[::-1]


def _surroundings(
    files: Sequence[Path], root: Path, revisions: Sequence[Revision], rows: Mapping[str, float]
) -> _Around:
    folders = {path.parent for path in files}
    known = {revision.path for revision in revisions}
    neighbours = list(revisions)
    for folder in sorted(folders):
        for path in sorted(folder.glob("*.py")):
            shown = _shown(path, root)
            if shown in known:
                continue
            try:
                other = _read(path, shown, ("upgrade",))
            except RevisionError:
                continue
            if other is not None:
                neighbours.append(other)
    small = frozenset(name for name, count in rows.items() if count < BIG)
    return _Around(
        neighbours,
        small,
        lock_timeout=any(map(_sets_timeout, folders)),
        is_handed=any(map(_hands_over, folders)),
    )


def _sets_timeout(folder: Path) -> bool:
    """Whether ``env.py`` or the configuration near a folder of revisions says ``lock_timeout``."""
    for level in (folder, *list(folder.resolve().parents)[:3]):
        for name in ("env.py", "alembic.ini"):
            path = level / name
            if path.is_file() and "lock_timeout" in path.read_text("utf-8", "replace"):
                return True
    return False


def _hands_over(folder: Path) -> bool:
    """Whether the nearest ``env.py`` neither configures a context nor runs migrations itself."""
    for level in (folder, *list(folder.resolve().parents)[:3]):
        path = level / "env.py"
        if path.is_file():
            text = path.read_text("utf-8", "replace")
            return ".configure(" not in text and "context.run_migrations(" not in text
    return False


def _judged(
    revision: Revision, around: Surroundings, rules: Collection[str] | None
) -> list[Finding]:
    accepted = comments(revision.source)
    found = [
        _finding(revision, rule, breach)
        for rule, find in FINDERS
        if rules is None or rule.id in rules
        for breach in find(revision, around)
    ]
    found.sort(key=lambda finding: (finding.call_sites[0].line, finding.rule.id))
    return [_suppressed(finding, accepted) for finding in found]


def _finding(revision: Revision, rule: Rule, breach: Breach) -> Finding:
    change = breach.change
    return Finding(
        nodeid=revision.path,
        rule=rule,
        label=".".join(filter(None, (change.table, change.name))) or change.kind,
        count=1,
        message=" ".join(breach.message.split()).replace(" :", ":"),
        call_sites=(CallSite(path=revision.path, line=change.line, function=change.function),),
        cure=breach.cure,
        advice=breach.advice,
        statement=change.source if change.is_sql else "",
    )


def _suppressed(finding: Finding, accepted: Mapping[int, Mapping[str, str]]) -> Finding:
    here = accepted.get(finding.call_sites[0].line, {})
    for name in (finding.rule.id, finding.rule.name):
        if name in here:
            reason = here[name]
            if reason:
                return replace(finding, verdict=Verdict.SUPPRESSED, reason=reason)
            return replace(
                finding, message=f"{finding.message} (the comment allows it without a reason)"
            )
    return finding
