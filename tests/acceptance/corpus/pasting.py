"""Pastes the cures of findings into the cases, as a reader of the report would."""

import ast
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOADERS = ("QS101", "QS102")
READS = ("QS103", "QS104")
WRITES = ("QS106",)


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines of a file that a cure replaces; none when it is put before ``first``."""

    path: str
    first: int
    last: int
    code: str
    imports: tuple[str, ...]
    finding: int
    """Position among the findings."""
    cures: bool
    """Whether the finding should be gone; code put before a loop alone only has to run."""


def edits(root: Path, findings: list[Mapping[str, Any]]) -> list[Edit]:
    """Where each cure goes; cures of one and the same statement are taken one a run."""
    found: list[Edit] = []
    taken: set[tuple[str, int]] = set()
    for number, finding in enumerate(findings):
        edit = _edit(root, finding, number)
        if edit is None:
            continue
        lines = {(edit.path, line) for line in range(edit.first, max(edit.first, edit.last) + 1)}
        if lines & taken:
            continue
        taken |= lines
        found.append(edit)
    return found


def paste(root: Path, chosen: Iterable[Edit]) -> None:
    """Write the edits into the files below a directory."""
    by_path: dict[str, list[Edit]] = {}
    for edit in chosen:
        by_path.setdefault(edit.path, []).append(edit)
    for path, own in by_path.items():
        file = root / path
        lines = file.read_text().splitlines()
        for edit in sorted(own, key=lambda each: -each.first):
            old = lines[edit.first - 1]
            indent = old[: len(old) - len(old.lstrip())]
            code = textwrap.indent(edit.code, indent).splitlines()
            lines[edit.first - 1 : edit.last] = code
        told = sorted({line for edit in own for line in edit.imports})
        at = max(
            (n for n, line in enumerate(lines, 1) if line.startswith("from __future__")), default=0
        )
        if not at and lines and lines[0].startswith('"""') and lines[0].endswith('"""'):
            at = 1
        lines[at:at] = told
        file.write_text("\n".join(lines) + "\n")


def _edit(root: Path, finding: Mapping[str, Any], number: int) -> Edit | None:
    cure, rule = finding["cure"], finding["rule"]
    imports = tuple(finding["imports"])
    site = finding["call_sites"][0]
    if rule in LOADERS and finding["parent"]:
        place = finding["parent"]
        told = _with_option(root / place["path"], place["line"], cure)
        if told is None:
            return None
        return Edit(place["path"], *told, imports, number, cures=True)
    statement = _loop(root / site["path"], site["line"])
    if statement is None:
        return None
    first, last = statement.lineno, statement.end_lineno or 0
    if rule in READS and "# in the loop:" in cure:
        return Edit(site["path"], first, first - 1, cure, imports, number, cures=False)
    alone = isinstance(statement, ast.For) and len(statement.body) == 1
    if (
        rule in WRITES
        and not cure.startswith(("def ", "async def ", "made ="))
        and (alone or cure.startswith(("for ", "rows = []")))
    ):
        return Edit(site["path"], first, last, cure, imports, number, cures=True)
    return None


def _loop(file: Path, line: int) -> ast.stmt | None:
    """The outermost loop, or statement with a comprehension, around a line of a function."""
    functions = [
        node
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.lineno < line <= (node.end_lineno or 0)
    ]
    if not functions:
        return None
    body = max(functions, key=lambda node: node.lineno).body
    while True:
        around = next(
            (each for each in body if each.lineno <= line <= (each.end_lineno or 0)), None
        )
        if not isinstance(around, ast.With | ast.AsyncWith):
            return around
        body = around.body


def _with_option(file: Path, line: int, cure: str) -> tuple[int, int, str] | None:
    """The statement near a line whose query is the cure's without its options, cured."""
    tree = ast.parse(file.read_text())
    pasted = ast.parse(cure).body
    if len(pasted) != 1 or not isinstance(pasted[0], ast.Expr | ast.Assign):
        return None
    wanted = pasted[0].value
    shape = _bare(wanted)
    best: tuple[int, ast.stmt, ast.expr] | None = None
    for statement in ast.walk(tree):
        if not isinstance(statement, ast.stmt) or isinstance(statement, ast.ClassDef):
            continue
        for node in _own(statement):
            if _bare(node) == shape:
                distance = abs(statement.lineno - line)
                if best is None or distance < best[0]:
                    best = distance, statement, node
    if best is None or isinstance(best[1], ast.With | ast.AsyncWith | ast.If):
        return None
    _, statement, node = best
    inner = statement
    body = list(getattr(inner, "body", []))
    code = ast.unparse(_Put(node, wanted).visit(inner))
    if body:
        header = code.splitlines()[0]
        return inner.lineno, body[0].lineno - 1, header
    return inner.lineno, inner.end_lineno or inner.lineno, code


def _own(statement: ast.stmt) -> Iterable[ast.expr]:
    """The expressions of a statement, those of statements within it apart."""
    todo: list[ast.AST] = list(ast.iter_child_nodes(statement))
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.stmt):
            continue
        if isinstance(node, ast.Call | ast.Attribute):
            yield node
        todo += ast.iter_child_nodes(node)


def _bare(node: ast.expr) -> str:
    return ast.unparse(_WithoutOptions().visit(ast.parse(ast.unparse(node), mode="eval").body))


class _WithoutOptions(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "options":
            return node.func.value
        return node


class _Put(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else super().visit(node)
