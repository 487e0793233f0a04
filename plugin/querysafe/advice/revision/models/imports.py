"""How a module names ``Index``, ``text`` and ``literal_column``, and the imports that are missing."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from querysafe.advice.revision.models.text import Edit, Text

_ALL = ("Index", "text", "literal_column")
_MODULES = ("sqlalchemy", "sqlalchemy.schema", "sqlalchemy.sql", "sqlalchemy.sql.expression")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names to write."""

    spelled: tuple[str, str, str]
    """For ``Index``, ``text`` and ``literal_column``: ``sa.Index``, ``sql_text`` …"""
    missing: Mapping[str, str]
    """Name in SQLAlchemy to the name it is imported as, for those to import."""


def names_for(tree: ast.Module, node: ast.AST, wanted: Sequence[str]) -> Names:
    """Find how the names can be written in a class or call, without meaning something else.

    A class that has a column ``text`` hides the function of that name in its body: the function
    is imported under another name then.
    """
    hidden = _bound_in(node) if isinstance(node, ast.ClassDef) else frozenset()
    imported, prefix = _imports(tree)
    bound = _bound_in(tree)
    spelled: dict[str, str] = {}
    missing: dict[str, str] = {}
    for name in wanted:
        alias = imported.get(name)
        if alias is not None and alias not in hidden:
            spelled[name] = alias
        elif prefix is not None and prefix not in hidden:
            spelled[name] = f"{prefix}.{name}"
        else:
            free = name if name not in hidden | bound else f"sql_{name.lower()}"
            while free in hidden | bound:
                free += "_"
            spelled[name] = missing[name] = free
    return Names(
        spelled=(
            spelled.get("Index", "Index"),
            spelled.get("text", "text"),
            spelled.get("literal_column", "literal_column"),
        ),
        missing=missing,
    )


def imported(text: Text, tree: ast.Module, names: Names) -> list[Edit]:
    """Add what is missing: to ``from sqlalchemy import ...`` where there is one."""
    if not names.missing:
        return []
    for statement in tree.body:
        if (
            isinstance(statement, ast.ImportFrom)
            and statement.module == "sqlalchemy"
            and statement.level == 0
            and statement.names[0].name != "*"
        ):
            return _added(text, statement, names.missing)
    shown = ", ".join(
        _import(name, alias) for name, alias in sorted(names.missing.items(), key=_key)
    )
    place = text.line_start(_line_for_import(tree))
    return [Edit(place, place, f"from sqlalchemy import {shown}{text.newline}")]


def _added(text: Text, statement: ast.ImportFrom, missing: Mapping[str, str]) -> list[Edit]:
    """Put each name where the order of the list has its place."""
    edits: list[Edit] = []
    tail: list[str] = []
    for name, alias in sorted(missing.items(), key=_key):
        after = next(
            (each for each in statement.names if _key((each.name, "")) > _key((name, ""))), None
        )
        if after is None:
            tail.append(_import(name, alias))
            continue
        place = text.start(after)
        line = text.source[text.line_start(after.lineno) : place]
        between = f",{text.newline}{line}" if not line.strip() else ", "
        edits.append(Edit(place, place, _import(name, alias) + between))
    if tail:
        last = statement.names[-1]
        place = text.end(last)
        line = text.source[text.line_start(last.lineno) : text.start(last)]
        between = f",{text.newline}{line}" if not line.strip() else ", "
        edits.append(Edit(place, place, "".join(between + each for each in tail)))
    return _together(edits)


def _together(edits: Sequence[Edit]) -> list[Edit]:
    """Insertions at one place as one, in their order."""
    found: dict[int, str] = {}
    for edit in edits:
        found[edit.start] = found.get(edit.start, "") + edit.text
    return [Edit(place, place, added) for place, added in found.items()]


def _import(name: str, alias: str) -> str:
    return name if name == alias else f"{name} as {alias}"


def _key(item: tuple[str, str]) -> tuple[int, str]:
    """The order of isort and ruff: constants, classes, the rest."""
    name = item[0]
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[:1].isupper() else 2), name


def _imports(tree: ast.Module) -> tuple[dict[str, str], str | None]:
    found: dict[str, str] = {}
    prefix = None
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module in _MODULES:
            for each in statement.names:
                if each.name in _ALL:
                    found.setdefault(each.name, each.asname or each.name)
        elif isinstance(statement, ast.Import):
            for each in statement.names:
                if each.name == "sqlalchemy":
                    prefix = each.asname or "sqlalchemy"
    return found, prefix


def _bound_in(node: ast.Module | ast.ClassDef) -> frozenset[str]:
    """Every name that the statements of a body bind."""
    return frozenset(name for statement in node.body for name in _bound(statement))


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for each in statement.names:
            yield each.asname or each.name.partition(".")[0]
    elif isinstance(statement, ast.If | ast.Try | ast.With | ast.For):
        for inner in ast.walk(statement):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id
            elif isinstance(inner, ast.Import | ast.ImportFrom):
                for each in inner.names:
                    yield each.asname or each.name.partition(".")[0]
    else:
        for inner in ast.walk(statement):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id


def _line_for_import(tree: ast.Module) -> int:
    """The line behind the last import, or behind the docstring."""
    line = 1
    for statement in tree.body:
        is_docstring = (
            isinstance(statement, ast.Expr)
            and isinstance(statement.value, ast.Constant)
            and isinstance(statement.value.value, str)
        )
        if isinstance(statement, ast.Import | ast.ImportFrom) or (is_docstring and line == 1):
            line = (statement.end_lineno or statement.lineno) + 1
        elif not is_docstring and not isinstance(statement, ast.If | ast.Try):
            break
    return line
