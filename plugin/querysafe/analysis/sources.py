"""The user's source files as syntax trees, and the node that a frame was executing."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from querysafe.query import Frame

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class Source:
    """One parsed file. A file that cannot be read or parsed has an empty tree."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self.text = Path(path).read_text(encoding="utf-8")
            self.tree = ast.parse(self.text)
        except (OSError, SyntaxError, ValueError):
            self.text = ""
            self.tree = ast.Module(body=[], type_ignores=[])
        self._functions: dict[int, ast.FunctionDef | ast.AsyncFunctionDef] | None = None
        self._chains: dict[tuple[int, int, int, int], tuple[ast.AST, ...]] = {}

    def function_at(self, line: int) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The function that begins on a line, decorators included."""
        if self._functions is None:
            self._functions = {
                min([node.lineno, *(each.lineno for each in node.decorator_list)]): node
                for node in reversed(list(ast.walk(self.tree)))
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
        return self._functions.get(line)

    def chain(self, frame: Frame) -> tuple[ast.AST, ...]:
        """The nodes around what a frame executes, from the module down to the innermost."""
        span = frame.span
        if span is None:
            line = frame.site.line
            place = (line, 0, line, 10**6)
        else:
            place = (span.line, span.column, span.end_line, span.end_column)
        known = self._chains.get(place)
        if known is None:
            whole = span is not None
            known = self._chains[place] = tuple(_descend(self.tree, place, whole=whole))
        return known

    def segment(self, node: ast.AST) -> str:
        """The text of a node, as its author wrote it."""
        return ast.get_source_segment(self.text, node) or ""


@lru_cache(maxsize=512)
def source(path: str) -> Source:
    """Read and parse a file, once a run."""
    return Source(path)


def _descend(node: ast.AST, place: tuple[int, int, int, int], *, whole: bool) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if _holds(child, place, whole=whole):
            yield from _descend(child, place, whole=whole)
            return


def _holds(node: ast.AST, place: tuple[int, int, int, int], *, whole: bool) -> bool:
    if isinstance(node, ast.comprehension | ast.withitem | ast.keyword | ast.ExceptHandler):
        parts = [each for each in ast.iter_child_nodes(node) if hasattr(each, "lineno")]
        return any(_holds(part, place, whole=whole) for part in parts)
    line = getattr(node, "lineno", None)
    end = getattr(node, "end_lineno", None)
    if line is None or end is None:
        return False
    decorators = getattr(node, "decorator_list", ())
    first = min([line, *(each.lineno for each in decorators)])
    if not whole:
        return bool(first <= place[0] <= end)
    before = (first, 0 if decorators else node.col_offset) <= place[:2]  # type: ignore[attr-defined]
    return bool(before and place[2:] <= (end, node.end_col_offset))  # type: ignore[attr-defined]


def function_of(chain: tuple[ast.AST, ...]) -> Function | None:
    """The innermost function around the last node of a chain."""
    for node in reversed(chain):
        if isinstance(node, Function):
            return node
    return None


def statement_of(chain: tuple[ast.AST, ...]) -> ast.stmt | None:
    """The innermost statement."""
    for node in reversed(chain):
        if isinstance(node, ast.stmt):
            return node
    return None


@lru_cache(maxsize=4096)
def nodes_in(node: ast.AST) -> tuple[ast.AST, ...]:
    """A node of a source and all below it, walked once a run: sources do not change."""
    return tuple(ast.walk(node))


def asserts(node: ast.AST | None) -> bool:
    """Whether a statement asserts: ``assert``, ``self.assertEqual(...)``, ``expect(...).to_be(...)``."""
    if isinstance(node, ast.Assert):
        return True
    called = node.value if isinstance(node, ast.Expr) else None
    while isinstance(called, ast.Await | ast.Call | ast.Attribute):
        if isinstance(called, ast.Call):
            name = called.func
            last = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
            if last.startswith("assert") or last == "expect":
                return True
            called = called.func
        else:
            called = called.value
    return False


def names_in(node: ast.AST) -> set[str]:
    """Every name that is read within a node."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _assigned(target: ast.expr) -> set[str]:
    """The names that a target binds or changes: ``flags`` of ``flags[customer.id]``."""
    if isinstance(target, ast.Tuple | ast.List):
        return {name for each in target.elts for name in _assigned(each)}
    while isinstance(target, ast.Subscript | ast.Attribute | ast.Starred):
        target = target.value
    return names_in(target) if isinstance(target, ast.Name) else set()


def assignments(function: ast.AST, name: str, before: int) -> list[ast.Assign | ast.AnnAssign]:
    """The assignments to a name in a function that begin above a line, nearest last."""
    return [
        node for node, names in _assignments(function) if node.lineno <= before and name in names
    ]


@lru_cache(maxsize=512)
def _assignments(
    function: ast.AST,
) -> tuple[tuple[ast.Assign | ast.AnnAssign, frozenset[str]], ...]:
    """Every assignment in a function, in the order of its lines, with the names that it binds."""
    found: list[tuple[ast.Assign | ast.AnnAssign, frozenset[str]]] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        else:
            continue
        found.append((node, frozenset().union(*map(_assigned, targets))))
    return tuple(sorted(found, key=lambda each: each[0].lineno))
