"""What varies between two runs of the same query is taken out of a statement's token tree."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from querysafe.fingerprint.lexer import PLACEHOLDER, is_name

Node: TypeAlias = str | list["Node"] | frozenset[str]
"""A token, what stands in parentheses, or the qualifiers of a reduced list of columns."""

_SET_OPERATIONS = frozenset({"UNION", "EXCEPT", "INTERSECT"})
_SET_ENDS = frozenset({"FROM", "WHERE", "RETURNING", "ORDER", "LIMIT", ";"})
_LIST_ENDS = frozenset(
    {"INTO", "GROUP", "HAVING", "OFFSET", "FETCH", "WINDOW", "ON", *_SET_ENDS, *_SET_OPERATIONS}
)
_ROWS_FOLLOW = frozenset(
    {"FROM", "JOIN", "LATERAL", "AS", "MATERIALIZED", "EXISTS", *_SET_OPERATIONS}
)
_TYPE_WORDS = frozenset({"precision", "varying", "without", "time", "zone"})
_CONSTANTS = frozenset({PLACEHOLDER, "NULL", ",", "ARRAY", "[", "]", "VALUES", "row"})
_OPERANDS = frozenset({PLACEHOLDER, "NULL", "END", "]", ")"})
_BATCH_INSERT = "imp_sen"
"""The alias that SQLAlchemy gives to the rows of an ``insertmanyvalues`` batch."""
_LAST_PART = re.compile(r'(.+)\.(?:"(?:[^"]|"")*"|[^".]+)', re.DOTALL)


def reduce_level(nodes: Sequence[Node], *, keep_columns: bool = False) -> list[Node]:
    """Reduce one nesting level and all below it.

    ``keep_columns`` is for a subquery that is the operand of a predicate: there the
    columns it selects are what it means.
    """
    return _Level(nodes, keep_columns=keep_columns).reduced()


class _Level:
    """One pass over the nodes of a level, from left to right."""

    def __init__(self, nodes: Sequence[Node], *, keep_columns: bool) -> None:
        self.nodes = nodes
        self.keep_columns = keep_columns
        self.out: list[Node] = []
        self.at = 0
        self.writes = False
        self.before_rows = False
        """Between ``INSERT`` and its rows, where the list of columns stands."""

    def reduced(self) -> list[Node]:
        while self.at < len(self.nodes):
            node = self.nodes[self.at]
            self.at += 1
            if isinstance(node, list):
                self.parenthesis(node)
            elif isinstance(node, str) and node in _HANDLERS:
                _HANDLERS[node](self)
            else:
                self.out.append(node)
        return self.out

    def next(self, ahead: int = 0) -> Node | None:
        at = self.at + ahead
        return self.nodes[at] if at < len(self.nodes) else None

    def last(self, back: int = 1) -> Node | None:
        return self.out[-back] if len(self.out) >= back else None

    def skip_to(self, ends: frozenset[str]) -> None:
        while self.at < len(self.nodes) and not _in(self.nodes[self.at], ends):
            self.at += 1

    # Values

    def value(self) -> None:
        """Drop the sign before a constant: ``-5`` is one literal, ``a - 5`` is not."""
        while self.last() in ("+", "-") and not _operand(self.last(2)):
            self.out.pop()
        self.out.append(PLACEHOLDER)

    def cast(self) -> None:
        """Drop ``::type`` after a constant."""
        name = self.next()
        if self.last() not in (PLACEHOLDER, "NULL") or not is_name(name):
            self.out.append("::")
            return
        self.at += 1
        while _in(self.next(), _TYPE_WORDS) or (self.next() == "WITH" and self.next(1) == "time"):
            self.at += 1
        if _constant(self.next()):
            self.at += 1
        while self.next() == "[" and "]" in (self.next(1), self.next(2)):
            self.at += 2 if self.next(1) == "]" else 3

    def array(self) -> None:
        """Read ``ARRAY[1, 2]`` as one value, as a bound array would be."""
        end = self.at
        while end < len(self.nodes) and _in(self.nodes[end], _CONSTANTS - {"]"}):
            end += 1
        if self.next() == "[" and end < len(self.nodes) and self.nodes[end] == "]":
            self.at = end + 1
            self.value()
        else:
            self.out.append("ARRAY")

    def parenthesis(self, node: list[Node]) -> None:
        """Reduce what is in parentheses, by what stands before it."""
        last = self.last()
        if self.before_rows and not _in(_first(node), frozenset({"SELECT", "WITH"})):
            return
        inner = reduce_level(node, keep_columns=self._operand_follows(last))
        if last == "IN":
            self.members(inner)
        elif (
            last in ("ANY", "ALL")
            and self.last(2) in ("=", "!=")
            and (last == "ANY") == (self.last(2) == "=")
            and _constant(inner)
        ):
            del self.out[-2:]
            self.out += (["IN"] if last == "ANY" else ["NOT", "IN"]) + [[PLACEHOLDER]]
        elif last == "cast" and len(inner) > 2 and inner[1] == "AS" and _constant(inner[:1]):
            self.out.pop()
            if inner[0] == "NULL":
                self.out.append("NULL")
            else:
                self.value()
        else:
            self.out.append(inner)

    def _operand_follows(self, last: Node | None) -> bool:
        if last is None:
            return self.keep_columns
        if last == "ALL" and _in(self.last(2), _SET_OPERATIONS):
            return self.keep_columns
        if _in(last, _SET_OPERATIONS):
            return self.keep_columns
        return not (_in(last, _ROWS_FOLLOW) or self.before_rows)

    def members(self, inner: list[Node]) -> None:
        """Make ``IN`` lists of any length one: also the empty ones of SQLAlchemy."""
        if not inner or _constant(inner) or _empty_set(inner):
            self.out.append([PLACEHOLDER])
            holder, never = self.next(), self.next(1)
            if (
                _nulls(inner)
                and holder in ("AND", "OR")
                and isinstance(never, list)
                and len(never) == 3
                and never[0] == never[2] == PLACEHOLDER
                and never[1] == ("!=" if holder == "AND" else "=")
            ):
                self.at += 2
        else:
            self.out.append(inner)

    # Clauses

    def select(self) -> None:
        """Reduce the columns of mapped classes to their tables."""
        if self.before_rows and _BATCH_INSERT in self.nodes:
            self.batch()
            return
        self.before_rows = False
        self.out.append("SELECT")
        if self.next() in ("DISTINCT", "ALL"):
            self.out.append(self.nodes[self.at])
            self.at += 1
            if self.next() == "ON" and isinstance(self.next(1), list):
                self.out += ["ON", reduce_level(self.next(1) or (), keep_columns=True)]  # type: ignore[arg-type]
                self.at += 2
        items: list[list[Node]] = [[]]
        while (node := self.next()) is not None:
            if _in(node, _LIST_ENDS) and not (node == "FROM" and items[-1][-1:] == ["DISTINCT"]):
                break
            self.at += 1
            if node == ",":
                items.append([])
            else:
                items[-1].append(node)
        self.columns([_unlabelled(reduce_level(item, keep_columns=True)) for item in items])

    def columns(self, items: list[list[Node]]) -> None:
        tables: set[str] = set()
        others: list[list[Node]] = []
        for item in items:
            table = None if self.keep_columns else _qualifier(item)
            if table is None:
                others.append(item)
            else:
                tables.add(table)
        if tables:
            self.out.append(frozenset(tables))
            others = [item for item in others if item not in ([PLACEHOLDER], ["NULL"])]
        for number, item in enumerate(others):
            if number or tables:
                self.out.append(",")
            self.out += item

    def batch(self) -> None:
        self.rows()
        while (node := self.next()) is not None:
            if node == "RETURNING" or (node == "ON" and self.next(1) == "CONFLICT"):
                return
            self.at += 1

    def insert(self) -> None:
        self.out.append("INSERT")
        self.writes = self.before_rows = True

    def replace(self) -> None:
        """Read ``REPLACE INTO`` as an insert; the function of that name is left alone."""
        if self.next() == "INTO":
            self.insert()
        else:
            self.out.append("replace")

    def rows(self) -> None:
        self.before_rows = False
        self.out += ["VALUES", [PLACEHOLDER]]

    def values(self) -> None:
        """Make ``VALUES`` one row long, whatever its columns."""
        if not isinstance(self.next(), list):
            self.out.append("VALUES")
            return
        self.rows()
        self.at += 1
        while self.next() == "," and isinstance(self.next(1), list):
            self.at += 2

    def default(self) -> None:
        """Read ``DEFAULT VALUES`` as one row."""
        if self.before_rows and self.next() == "VALUES":
            self.at += 1
            self.rows()
        else:
            self.out.append("DEFAULT")

    def update(self) -> None:
        on_duplicate = self.last() == "key"
        self.out.append("UPDATE")
        if on_duplicate:
            self.at = len(self.nodes)
            self.out.append(PLACEHOLDER)
        elif self.last(2) != "FOR":
            self.writes = True

    def delete(self) -> None:
        self.out.append("DELETE")
        self.writes = True

    def assign(self) -> None:
        """Drop which columns an ``UPDATE`` sets."""
        self.out.append("SET")
        if "UPDATE" in self.out:
            self.skip_to(_SET_ENDS)
            self.out.append(PLACEHOLDER)

    def returning(self) -> None:
        if self.writes:
            self.at = len(self.nodes)
        else:
            self.out.append("RETURNING")

    def savepoint(self) -> None:
        self.out.append("SAVEPOINT")
        if is_name(self.next()):
            self.at += 1
            self.out.append(PLACEHOLDER)


_HANDLERS: Mapping[str, Callable[[_Level], None]] = {
    PLACEHOLDER: _Level.value,
    "::": _Level.cast,
    "ARRAY": _Level.array,
    "SELECT": _Level.select,
    "INSERT": _Level.insert,
    "replace": _Level.replace,
    "VALUES": _Level.values,
    "DEFAULT": _Level.default,
    "UPDATE": _Level.update,
    "DELETE": _Level.delete,
    "SET": _Level.assign,
    "RETURNING": _Level.returning,
    "SAVEPOINT": _Level.savepoint,
}


def _in(node: Node | None, words: frozenset[str]) -> bool:
    return isinstance(node, str) and node in words


def _first(node: list[Node]) -> Node | None:
    return node[0] if node else None


def _operand(node: Node | None) -> bool:
    return isinstance(node, list | frozenset) or _in(node, _OPERANDS) or is_name(node)


def _constant(node: Node | None) -> bool:
    """Whether a parenthesis holds values only."""
    return (
        isinstance(node, list)
        and bool(node)
        and all(_in(part, _CONSTANTS) or _constant(part) for part in node)
    )


def _nulls(inner: list[Node]) -> bool:
    return bool(inner) and all(
        part in ("NULL", ",") or (isinstance(part, list) and _nulls(part)) for part in inner
    )


def _empty_set(inner: list[Node]) -> bool:
    return inner[0] == "SELECT" and inner[-4:] == ["WHERE", PLACEHOLDER, "!=", PLACEHOLDER]


def _unlabelled(item: list[Node]) -> list[Node]:
    while len(item) > 2 and item[-2] == "AS" and is_name(item[-1]):
        item = item[:-2]
    return item


def _qualifier(item: list[Node]) -> str | None:
    """The table of a plain column reference; ``None`` for every other expression."""
    if len(item) != 1 or not isinstance(item[0], str) or "." not in item[0]:
        return None
    token = item[0]
    if not is_name(token):
        return None
    if '"' not in token:
        return token.rpartition(".")[0]
    match = _LAST_PART.fullmatch(token)
    return match.group(1) if match else None
