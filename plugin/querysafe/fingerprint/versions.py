"""Where SQLAlchemy 2.0 and 2.1, or two dialects, say one thing with different words."""

import re

_NAME = r'[\w".$]+'
_SELECTIN_MANY_TO_MANY = re.compile(
    rf"""
      ^SELECT\ (?P<columns>.*?)\ FROM\ {_NAME}\ AS\ (?P<parent>{_NAME})
      \ JOIN\ (?P<secondary>{_NAME})\ AS\ (?P<alias>{_NAME})\ ON\ (?P<on>.*?)
      (?P<joins>\ JOIN\ .*)\ WHERE\ (?P<keys>(?P=parent)\.{_NAME}|\([^()]*\))\ IN\ \(\?\)
      (?P<rest>.*)$
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
    """Ask the secondary table for the keys of the parents instead of the parents' table."""
    parent, secondary = match["parent"], match["secondary"]
    foreign = dict(pair.partition(" = ")[::2] for pair in match["on"].split(" AND "))
    keys = match["keys"].strip("()").split(", ")
    columns = match["columns"].split(", ")
    if (
        set(keys) != set(foreign)
        or f"{parent}.*" not in columns
        or f"{parent}." in match["joins"] + match["rest"]
    ):
        return shape
    columns[columns.index(f"{parent}.*")] = f"{secondary}.*"
    asked = ", ".join(foreign[key] for key in keys)
    where = f"({asked})" if len(keys) > 1 else asked
    parts = ("SELECT", ", ".join(sorted(columns)), "FROM", f"{secondary}{match['joins']}", "WHERE")
    text = " ".join((*parts, where, f"IN (?){match['rest']}"))
    return re.sub(rf"(?<![\w.\"]){re.escape(match['alias'])}\.", lambda _: f"{secondary}.", text)
