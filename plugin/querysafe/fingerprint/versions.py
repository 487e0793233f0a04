"""Where SQLAlchemy 2.0 and 2.1, or two dialects, say one thing with different words."""

import re

_NAME = r'[\w".$]+'
_SELECTIN_MANY_TO_MANY = re.compile(
    rf"""
      ^SELECT\ (?P<columns>.*?)\ FROM\ {_NAME}\ AS\ (?P<parent>{_NAME})
      \ JOIN\ (?P<secondary>{_NAME})\ AS\ (?P<alias>{_NAME})
      \ ON\ (?P=parent)\.(?P<key>{_NAME})\ =\ (?P=alias)\.(?P<foreign>{_NAME})
      (?P<joins>\ JOIN\ .*)\ WHERE\ (?P=parent)\.(?P=key)\ IN\ \(\?\)(?P<rest>.*)$
    """,
    re.VERBOSE | re.DOTALL,
)
_POLYMORPHIC_ORDER = re.compile(
    rf"(JOIN {_NAME} ON (?P<key>{_NAME}) = {_NAME} WHERE (?P=key) IN \(\?\)) ORDER BY (?P=key)$"
)
_PAGE = re.compile(r"(?:\bLIMIT (?:\?|ALL|NULL) )?\bOFFSET \?")


def unite(shape: str) -> str:
    """Give one wording to a shape that has two.

    - ``selectinload`` of a many-to-many: 2.0 joins the parents' table, 2.1 does not.
    - ``selectin_polymorphic``: 2.0 orders by the primary key, 2.1 does not.
    - A page: SQLite always gets both ``LIMIT`` and ``OFFSET``, PostgreSQL what was asked for.
    """
    if " OFFSET " in shape:
        shape = _PAGE.sub("LIMIT ?", shape)
    if " IN (?)" not in shape or " JOIN " not in shape:
        return shape
    shape = _POLYMORPHIC_ORDER.sub(r"\1", shape)
    match = _SELECTIN_MANY_TO_MANY.match(shape)
    return shape if match is None else _without_parent(shape, match)


def _without_parent(shape: str, match: re.Match[str]) -> str:
    parent, alias, secondary = match["parent"], match["alias"], match["secondary"]
    columns = match["columns"].split(", ")
    body = f"{match['joins']} {match['rest']}"
    if f"{parent}.*" not in columns or f"{parent}." in body or f"{alias}.*" in columns:
        return shape
    columns.remove(f"{parent}.*")
    columns = sorted([*columns, f"{secondary}.*"])
    joins, rest = (
        text.replace(f"{alias}.", f"{secondary}.") for text in (match["joins"], match["rest"])
    )
    where = f"{secondary}.{match['foreign']} IN (?)"
    parts = ("SELECT", ", ".join(columns), "FROM", f"{secondary}{joins}", "WHERE", f"{where}{rest}")
    return " ".join(parts)
