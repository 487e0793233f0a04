"""Branches of a revision that another database takes: ``if bind.dialect.name == "sqlite"``."""

import ast

_OTHERS = frozenset({"sqlite", "mysql", "mariadb", "mssql", "oracle"})
_OURS = frozenset({"postgresql", "postgres"})


def foreign(test: ast.expr) -> str:
    """Which branch of a condition PostgreSQL never takes: ``body``, ``orelse`` or neither, ""."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return {"body": "orelse", "orelse": "body"}.get(foreign(operand), "")
        case ast.BoolOp(op=operator, values=values):
            found = [foreign(each) for each in values]
            deciding = "body" if isinstance(operator, ast.And) else "orelse"
            other = "orelse" if deciding == "body" else "body"
            if deciding in found:
                return deciding
            return other if all(each == other for each in found) else ""
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _compared(operator, {*_texts(left), *_texts(right)})
        case _:
            return ""


def _compared(operator: ast.cmpop, names: set[str]) -> str:
    if isinstance(operator, ast.Eq | ast.In):
        matching, other = "body", "orelse"
    elif isinstance(operator, ast.NotEq | ast.NotIn):
        matching, other = "orelse", "body"
    else:
        return ""
    if names and names <= _OTHERS:
        return matching
    return other if names and names & _OURS else ""


def _texts(node: ast.expr) -> list[str]:
    return [
        each.value.lower()
        for each in ast.walk(node)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
