"""Reads from the cases what each test expects."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

KINDS = ("bad", "good", "hard-bad", "hard-good", "policy")
MARK = re.compile(r"(expect|either|allow|parent|cure-contains)(?:\[([\w, ]+)\])?:\s*(.*)", re.S)
KIND = re.compile(r"(bad|good|hard-bad|hard-good|policy)(?::\s*(.*))?$")
TEMPLATE_COMMENT = re.compile(r"\{#\s*(.*?)\s*#\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A marked line and the statement around it, both ends included."""

    path: str
    line: int
    first: int
    last: int

    def holds(self, path: str, line: int) -> bool:
        return path == self.path and self.first <= line <= self.last

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Some rules of which one must name one of some places."""

    rules: tuple[str, ...]
    label: str
    places: tuple[Place, ...]


@dataclass(slots=True, kw_only=True)
class Case:
    """One test of the corpus and all it expects."""

    slug: str
    path: str
    kind: str
    detail: str
    expects: list[Expectation] = field(default_factory=list)
    either: list[tuple[tuple[str, ...], str, Place]] = field(default_factory=list)
    allowed: set[str] = field(default_factory=set)
    parents: list[tuple[str, Place]] = field(default_factory=list)
    cures: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def bad(self) -> bool:
        return self.kind in ("bad", "hard-bad")

    @property
    def options(self) -> tuple[str, ...]:
        return () if self.kind == "policy" else tuple(self.detail.split())

    @property
    def expectations(self) -> list[Expectation]:
        if not self.either:
            return self.expects
        places = tuple(place for _, _, place in self.either)
        rules, label, _ = self.either[0]
        return [*self.expects, Expectation(rules=rules, label=label, places=places)]


def read_cases(directory: Path) -> dict[str, Case]:
    """Read every case below a directory, by slug.

    Raises :class:`ValueError` when a comment names no test, or a bad test expects nothing.
    """
    cases: dict[str, Case] = {}
    marks: list[tuple[str, tuple[str, ...], str, Place]] = []
    for file in sorted(directory.rglob("*")):
        path = file.relative_to(directory).as_posix()
        if file.suffix == ".py":
            tree = ast.parse(file.read_text())
            for case in _tests(path, tree, file):
                if case.slug in cases:
                    raise ValueError(f'two tests are named "{case.slug}"')
                cases[case.slug] = case
            marks += _python_marks(path, tree, file)
        elif file.suffix in (".html", ".txt"):
            marks += _template_marks(path, file)
    for word, slugs, text, place in marks:
        if not slugs:
            raise ValueError(f"{place} names no test")
        for slug in slugs:
            if slug not in cases:
                raise ValueError(f'{place} names "{slug}", which is no test')
            _apply(cases[slug], word, text, place)
    for case in cases.values():
        if case.bad != bool(case.expectations):
            raise ValueError(f'"{case.slug}" is {case.kind} with {len(case.expectations)} expected')
    return cases


def _tests(path: str, tree: ast.Module, file: Path) -> Iterator[Case]:
    lines = file.read_text().splitlines()
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("test_"):
            continue
        header = lines[node.lineno - 1 : max(node.lineno, node.body[0].lineno - 1)]
        for text in header:
            found = KIND.search(text.rpartition("# ")[2].strip()) if "# " in text else None
            if found:
                kind, detail = found.groups()
                slug = node.name.removeprefix("test_")
                yield Case(slug=slug, path=path, kind=kind, detail=(detail or "").strip())
                break
        else:
            raise ValueError(f"{path}:{node.lineno}: {node.name} does not say its kind")


def _python_marks(
    path: str, tree: ast.Module, file: Path
) -> Iterator[tuple[str, tuple[str, ...], str, Place]]:
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    tests = [node for node in functions if node.name.startswith("test_")]
    for token in tokenize.generate_tokens(io.StringIO(file.read_text()).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        around = tuple(
            node.name.removeprefix("test_")
            for node in tests
            if node.lineno <= line <= _end(tree, node, line, token.start[1])
        )
        first, last = _statement(tree, line)
        place = Place(path=path, line=line, first=first, last=last)
        yield from _marks(token.string.split("# ")[1:], around, place)


def _end(tree: ast.Module, test: ast.AST, line: int, column: int) -> int:
    """Find a test's last line; an indented comment right below its body still belongs to it."""
    end: int = getattr(test, "end_lineno", 0)
    indented = column > getattr(test, "col_offset", 0)
    between = any(end < node.lineno <= line for node in tree.body)
    return line if indented and not between else end


def _template_marks(path: str, file: Path) -> Iterator[tuple[str, tuple[str, ...], str, Place]]:
    for line, text in enumerate(file.read_text().splitlines(), 1):
        place = Place(path=path, line=line, first=line, last=line)
        yield from _marks(TEMPLATE_COMMENT.findall(text), (), place)


def _marks(
    comments: list[str], around: tuple[str, ...], place: Place
) -> Iterator[tuple[str, tuple[str, ...], str, Place]]:
    for comment in comments:
        found = MARK.match(comment.strip())
        if found:
            word, named, text = found.groups()
            slugs = tuple(slug.strip() for slug in named.split(",")) if named else around
            yield word, slugs, text.strip(), place


def _statement(tree: ast.Module, line: int) -> tuple[int, int]:
    """Find the lines of the innermost statement, or of a compound statement's header."""
    best = (line, line)
    size = 10**9
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(each.lineno for each in decorators)])
        last = node.end_lineno or node.lineno
        body = getattr(node, "body", None)
        if isinstance(body, list) and body:
            last = max(node.lineno, body[0].lineno - 1)
        if first <= line <= last and last - first < size:
            best, size = (first, last), last - first
    return best


def _apply(case: Case, word: str, text: str, place: Place) -> None:
    rules, _, label = text.partition(" ")
    names = tuple(rules.split("|"))
    if word == "expect":
        case.expects.append(Expectation(rules=names, label=label.strip(), places=(place,)))
    elif word == "either":
        case.either.append((names, label.strip(), place))
    elif word == "allow":
        case.allowed.update(names)
    elif word == "parent":
        case.parents.append((text, place))
    else:
        case.cures.append(tuple(part.strip() for part in text.split(" or ")))
