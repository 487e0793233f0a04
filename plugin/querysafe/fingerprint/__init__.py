"""The fingerprint of a statement: equal for "the same query" on any SQLAlchemy, driver or day."""

import re
from functools import lru_cache
from hashlib import blake2s

from querysafe.fingerprint.layout import render
from querysafe.fingerprint.lexer import tokens
from querysafe.fingerprint.reducing import Node, reduce_level
from querysafe.fingerprint.versions import unite

_DEPTH = 60
_TRANSACTION = frozenset(
    {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "START", "END", "ABORT"}
)
_KINDS = {
    "SELECT": "SELECT",
    "VALUES": "SELECT",
    "TABLE": "SELECT",
    "INSERT": "INSERT",
    "REPLACE": "INSERT",
    "UPDATE": "UPDATE",
    "DELETE": "DELETE",
} | dict.fromkeys(_TRANSACTION, "TRANSACTION")
_AFTER_WITH = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "VALUES"})
_VERB = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*([A-Za-z]+)", re.DOTALL)


@lru_cache(maxsize=8192)
def fingerprint(statement: str) -> str:
    """Twelve hexadecimal digits that are equal when :func:`shape` is."""
    return blake2s(_shape(statement).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


@lru_cache(maxsize=1024)
def shape(statement: str) -> str:
    """The statement without what varies between two runs of the same query, for people to read.

    Gone are comments, values and how they are bound, casts of values, the length of
    ``IN`` and ``VALUES`` lists, the numbers SQLAlchemy gives to aliases (counted anew),
    labels, and the columns of a mapped class: ``SELECT orders.id AS orders_id,
    orders.name AS orders_name FROM orders`` is ``SELECT orders.* FROM orders``. So adding a
    column to a model changes no shape. Tables, joins and conditions stay.
    ``shape(shape(text)) == shape(text)``, and no text is refused.
    """
    return _shape(statement)


@lru_cache(maxsize=8192)
def kind(statement: str) -> str:
    """One of ``SELECT INSERT UPDATE DELETE TRANSACTION OTHER``: the main verb.

    Leading comments and parentheses are passed over; a ``WITH`` is what follows its
    common table expressions.
    """
    match = _VERB.match(statement)
    if match is None:
        return "OTHER"
    verb = match.group(1).upper()
    if verb == "WITH":
        verb = _verb_after_with(tokens(statement[match.start(1) :]))
    if verb == "SET" and statement[match.end() :].split()[:1] in (["TRANSACTION"], ["transaction"]):
        return "TRANSACTION"
    return _KINDS.get(verb, "OTHER")


def _verb_after_with(found: list[str]) -> str:
    depth = 0
    for token in found:
        if token == "(":
            depth += 1
        elif token == ")":
            depth -= 1
        elif depth == 0 and token in _AFTER_WITH:
            return token
    return "SELECT"


def _shape(statement: str) -> str:
    found = tokens(statement)
    tree = _tree(found)
    nodes = found if tree is None else reduce_level(tree)
    text = render(nodes).rstrip("; ")
    united = unite(text)
    return text if united == text else _shape(united)


def _tree(found: list[str]) -> list[Node] | None:
    """Nest what is in parentheses; ``None`` for text that is cut off or absurdly deep."""
    level: list[Node] = []
    outer: list[list[Node]] = []
    for token in found:
        if token == "(":
            inner: list[Node] = []
            level.append(inner)
            outer.append(level)
            level = inner
            if len(outer) > _DEPTH:
                return None
        elif token == ")":
            if not outer:
                return None
            level = outer.pop()
        else:
            level.append(token)
    return None if outer else level
