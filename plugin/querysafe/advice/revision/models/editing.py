"""Puts ``Index(...)`` into a class's ``__table_args__`` or a ``Table(...)``, by position."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from querysafe.advice.index import Index
from querysafe.advice.revision.models.imports import Names, imported, names_for
from querysafe.advice.revision.models.text import Edit, Text
from querysafe.advice.revision.spelling import literal, model_index, needs

_ARGS = "__table_args__"


class CannotEdit(Exception):
    """why a declaration cannot be edited safely"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Where a table is declared in a module."""

    sort: str
    """``class`` or ``table``."""
    name: str
    """Qualified name of the class, or the variable of ``Table(...)``."""
    inherited: Mapping[str, object] | str | None = None
    """``__table_args__`` of a base: a dictionary of constants, or "other"."""
    options: bool = False
    """Whether the value of ``__table_args__`` is a dictionary, or a tuple that ends in one."""


def declare(source: str, place: Declaration, indexes: Sequence[tuple[str, Index]]) -> str:
    """The module's text with the indexes declared and what they need imported.

    Raises :class:`CannotEdit` when the form of the declaration is none of those understood: a
    class without ``__table_args__``, with a tuple, a tuple that ends in a dictionary, or a
    dictionary; a method that returns one of these; a call of ``Table``.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise CannotEdit(f"it is no Python: {error.msg}") from None
    text = Text(source)
    wanted = tuple(dict.fromkeys(name for _, index in indexes for name in needs(index)))
    if place.sort == "class":
        node: ast.AST = _class(tree, place.name)
    else:
        node = _table(tree, place.name)
    names = names_for(tree, node, wanted)
    if isinstance(node, ast.ClassDef):
        edits = _in_class(text, node, place, indexes, names)
    else:
        assert isinstance(node, ast.Call)
        edits = [_after_last(text, node, node.args, indexes, names)]
    edits += imported(text, tree, names)
    after = text.edited(edits)
    try:
        ast.parse(after)
    except SyntaxError:
        raise CannotEdit("the edited text would be no Python") from None
    return after


def _class(tree: ast.Module, qualified: str) -> ast.ClassDef:
    node: ast.Module | ast.ClassDef = tree
    for name in qualified.split("."):
        found = [
            each for each in ast.walk(node) if isinstance(each, ast.ClassDef) and each.name == name
        ]
        if len(found) != 1:
            raise CannotEdit(f'there are {len(found)} classes "{name}"')
        node = found[0]
    assert isinstance(node, ast.ClassDef)
    return node


def _table(tree: ast.Module, name: str) -> ast.Call:
    for statement in tree.body:
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        targets = (
            statement.targets
            if isinstance(statement, ast.Assign)
            else [statement.target]
            if isinstance(statement, ast.AnnAssign)
            else []
        )
        if any(isinstance(each, ast.Name) and each.id == name for each in targets):
            called = value.func if isinstance(value, ast.Call) else None
            last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if isinstance(value, ast.Call) and last == "Table" and value.args:
                return value
    raise CannotEdit("there is no call of Table that is bound to this name")


def _in_class(
    text: Text,
    node: ast.ClassDef,
    place: Declaration,
    indexes: Sequence[tuple[str, Index]],
    names: Names,
) -> list[Edit]:
    given = _assigned_table(node)
    if given is not None:
        return [_after_last(text, given, given.args, indexes, names)]
    if _is_bound_within(node):
        raise CannotEdit(f"{_ARGS} is assigned under a condition")
    for statement in node.body:
        if _binds_args(statement):
            value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
            if value is None:
                raise CannotEdit(f"{_ARGS} has no value")
            return _extended(text, value, place.options, indexes, names)
        if isinstance(statement, ast.FunctionDef) and statement.name == _ARGS:
            returned = [each for each in ast.walk(statement) if isinstance(each, ast.Return)]
            if len(returned) != 1 or returned[0].value is None:
                raise CannotEdit(f"{_ARGS} is a method with {len(returned)} returns")
            return _extended(text, returned[0].value, place.options, indexes, names)
    if place.inherited == "other":
        raise CannotEdit(f"{_ARGS} comes from a base and is no plain dictionary")
    inherited = place.inherited if isinstance(place.inherited, Mapping) else {}
    return [_created(text, node, inherited, indexes, names)]


def _assigned_table(node: ast.ClassDef) -> ast.Call | None:
    """The call in ``__table__ = Table(...)``; such a class takes no ``__table_args__``."""
    for statement in node.body:
        if not _assigns(statement, "__table__"):
            continue
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        called = value.func if isinstance(value, ast.Call) else None
        last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if isinstance(value, ast.Call) and last == "Table" and value.args:
            return value
        raise CannotEdit("its __table__ is made elsewhere")
    return None


def _is_bound_within(node: ast.ClassDef) -> bool:
    """Whether ``__table_args__`` is bound in a block of the class's body."""
    return any(
        isinstance(each, ast.Name) and each.id == _ARGS and isinstance(each.ctx, ast.Store)
        for statement in node.body
        if isinstance(statement, ast.If | ast.Try | ast.With | ast.For)
        for each in ast.walk(statement)
    )


def _binds_args(statement: ast.stmt) -> bool:
    targets = (
        statement.targets
        if isinstance(statement, ast.Assign)
        else [statement.target]
        if isinstance(statement, ast.AnnAssign)
        else []
    )
    return any(isinstance(each, ast.Name) and each.id == _ARGS for each in targets)


def _created(
    text: Text,
    node: ast.ClassDef,
    inherited: Mapping[str, object],
    indexes: Sequence[tuple[str, Index]],
    names: Names,
) -> Edit:
    """A new ``__table_args__`` below ``__tablename__``, or where the body begins."""
    body = node.body
    if body[0].lineno == node.lineno:
        raise CannotEdit("the class stands on one line")
    after = next((each for each in body if _assigns(each, "__tablename__")), None)
    first = body[0]
    if after is None and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        after = first
    indent = " " * first.col_offset
    if inherited:
        shown = ", ".join(f"{literal(key)}: {_constant(value)}" for key, value in inherited.items())
        items = [*_calls(indexes, names, len(indent) + 4), f"{{{shown}}}"]
    else:
        items = _calls(indexes, names, len(indent) + 4)
    lines = [f"{indent}{_ARGS} = ("]
    lines += [_indented(item, f"{indent}    ") + "," for item in items]
    lines.append(f"{indent})")
    added = text.newline.join("\n".join(lines).split("\n")) + text.newline
    if after is None:
        start = min([first.lineno, *(each.lineno for each in getattr(first, "decorator_list", []))])
        return Edit(text.line_start(start), text.line_start(start), added)
    place = text.line_start((after.end_lineno or after.lineno) + 1)
    blank = text.newline if isinstance(after, ast.Expr) else ""
    if place == len(text.source) and not text.source.endswith("\n"):
        return Edit(place, place, text.newline + blank + added.rstrip("\r\n"))
    return Edit(place, place, blank + added)


def _constant(value: object) -> str:
    return literal(value) if isinstance(value, str) else repr(value)


def _assigns(statement: ast.stmt, name: str) -> bool:
    return (
        isinstance(statement, ast.Assign)
        and any(isinstance(each, ast.Name) and each.id == name for each in statement.targets)
    ) or (
        isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and statement.target.id == name
        and statement.value is not None
    )


def _extended(
    text: Text, value: ast.expr, options: bool, indexes: Sequence[tuple[str, Index]], names: Names
) -> list[Edit]:
    if isinstance(value, ast.Tuple):
        last = value.elts[-1] if value.elts else None
        if isinstance(last, ast.Starred) or not _is_parenthesised(text, value):
            raise CannotEdit(f"{_ARGS} is a tuple without parentheses or with a star")
        if last is None or last.lineno == value.lineno:
            return [_rewritten(text, value, value.elts, options, indexes, names)]
        if isinstance(last, ast.Dict) or options:
            return [_before(text, last, indexes, names)]
        return [_after_last(text, value, value.elts, indexes, names)]
    if isinstance(value, ast.Dict) or (options and not isinstance(value, ast.BinOp)):
        return [_rewritten(text, value, [value], True, indexes, names)]
    raise CannotEdit(f"{_ARGS} is neither a tuple nor a dictionary")


def _is_parenthesised(text: Text, value: ast.Tuple) -> bool:
    return text.source[text.start(value)] == "(" and text.source[text.end(value) - 1] == ")"


def _rewritten(
    text: Text,
    value: ast.expr,
    items: Sequence[ast.expr],
    options: bool,
    indexes: Sequence[tuple[str, Index]],
    names: Names,
) -> Edit:
    """A tuple on one line, or a dictionary, as a tuple with one item a line."""
    whole = text.source[text.start(value) : text.end(value)]
    if "#" in whole and value.lineno != value.end_lineno and len(items) > 1:
        raise CannotEdit(f"{_ARGS} has comments between its items")
    indent = text.indent(value.lineno)
    shown = [text.source[text.start(item) : text.end(item)] for item in items]
    is_dict = bool(items) and (options or isinstance(items[-1], ast.Dict))
    calls = [
        _indented(each, f"{indent}    ").lstrip()
        for each in _calls(indexes, names, len(indent) + 4)
    ]
    together = [*shown[:-1], *calls, shown[-1]] if is_dict else [*shown, *calls]
    if is_dict and items[-1].lineno != items[-1].end_lineno:
        together[-1] = together[-1].replace("\n", "\n    ")
    lines = ["(", *(f"{indent}    {item}," for item in together), f"{indent})"]
    return Edit(text.start(value), text.end(value), _newlines(text, "\n".join(lines)))


def _before(text: Text, last: ast.expr, indexes: Sequence[tuple[str, Index]], names: Names) -> Edit:
    indent = text.indent(last.lineno)
    if text.source[text.line_start(last.lineno) : text.start(last)].strip():
        raise CannotEdit(f"the dictionary of {_ARGS} does not begin its line")
    calls = _calls(indexes, names, len(indent))
    added = "".join(f"{_indented(each, indent)},\n" for each in calls)
    place = text.line_start(last.lineno)
    return Edit(place, place, _newlines(text, added))


def _after_last(
    text: Text,
    whole: ast.expr,
    items: Sequence[ast.expr],
    indexes: Sequence[tuple[str, Index]],
    names: Names,
) -> Edit:
    """Behind the last item, and behind its comma where it has one."""
    last = items[-1]
    if isinstance(last, ast.Starred):
        raise CannotEdit("its last argument has a star")
    if last.lineno == whole.lineno:
        calls = _calls(indexes, names, -1000)
        return Edit(text.end(last), text.end(last), "".join(f", {each}" for each in calls))
    indent = text.indent(last.lineno)
    calls = _calls(indexes, names, len(indent))
    place = text.end(last)
    rest = text.source[place : text.end(whole)]
    if rest.startswith(","):
        place, comma = place + 1, ""
    elif "," in rest.split("#")[0].split("\n")[0]:
        raise CannotEdit("its last comma stands apart")
    else:
        comma = ","
    end = text.source.find("\n", place)
    trailing = text.source[place:end]
    if trailing.strip() and not trailing.strip().startswith("#"):
        added = "".join(f"\n{_indented(each, indent)}," for each in calls)
        if comma:
            added = added.removesuffix(",")
        return Edit(place, place, _newlines(text, comma + added))
    added = "".join(f"\n{_indented(each, indent)}," for each in calls)
    if comma and not trailing.strip():
        return Edit(place, place, _newlines(text, comma + added))
    if comma:
        raise CannotEdit("a comment stands behind its last item, which has no comma")
    line_end = place + len(trailing.rstrip("\r"))
    return Edit(line_end, line_end, _newlines(text, added))


def _calls(indexes: Sequence[tuple[str, Index]], names: Names, indent: int) -> list[str]:
    return [model_index(index, name, names=names.spelled, indent=indent) for name, index in indexes]


def _indented(code: str, indent: str) -> str:
    return "\n".join(indent + line for line in code.split("\n"))


def _newlines(text: Text, added: str) -> str:
    return added.replace("\n", text.newline)
