"""A condition as an index sees it: which key, by which operator, against what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from querysafe.advice.candidates.expressions import (
    Cast,
    Column,
    Constant,
    Expression,
    Logic,
    Operation,
    Quantified,
    Row,
    Test,
    columns,
    conjuncts,
)


class Sort(StrEnum):
    """What an index must do to serve a predicate."""

    EQUAL = "equal"
    """Find one value, or each of a list."""
    RANGE = "range"
    PREFIX = "prefix"
    """``LIKE 'x%'``: an order of characters, whatever the collation."""
    SUBSTRING = "substring"
    """``ILIKE '%x%'`` and regular expressions: trigrams."""
    CONTAINS = "contains"
    """Elements of arrays, keys of documents, words of texts."""
    OVERLAPS = "overlaps"
    """Ranges and shapes."""
    FIXED = "fixed"
    """Serves as the predicate of a partial index only: ``IS NOT NULL``, ``<>``, ``a < b``."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """One conjunct on one table."""

    sort: Sort
    key: Expression
    """A column, or an expression over columns of the table."""
    operator: str
    value: str
    """The other side in SQL where it is a constant; empty otherwise."""
    join: bool = False
    """Whether the other side comes from another table."""
    many: bool = False
    """Whether it is a list of values: an order below it is lost."""
    type: str = ""
    """Type of a column, or empty."""
    compares: bool = False
    """Whether the other side is a column of the same row."""

    @property
    def always(self) -> bool:
        """Whether it holds no value that another call could change: IS NULL, a boolean, a < b."""
        return self.compares or self.operator.startswith("IS") or self.operator == "bool"

    @property
    def condition(self) -> str:
        """In SQL, over unqualified columns: the predicate of a partial index."""
        if self.operator == "bool":
            return str(self.key) if self.value == "true" else f"NOT {self.key}"
        if self.operator.startswith("IS"):
            return f"{self.key} {self.operator}"
        if self.many:
            return f"{self.key} = ANY ({self.value})"
        return f"{self.key} {self.operator} {self.value}"


_MIRRORED = {
    "<": ">",
    ">": "<",
    "<=": ">=",
    ">=": "<=",
    "=": "=",
    "@>": "<@",
    "<@": "@>",
    "&&": "&&",
}
_RANGES = frozenset({"<", ">", "<=", ">="})
_COMPARED = _RANGES | {"=", "<>"}
_CONTAINS = frozenset({"@>", "?", "?|", "?&", "@?", "@@", "&&", "<@"})
_PREFIX = re.compile(r"'(?P<prefix>(?:[^%_\\']|\\.)+)%'")
_PATTERN = re.compile(r"'(?P<pattern>.*)'", re.DOTALL)
_WORDS = re.compile(r"[^\W_]{3,}")
_RANGE_TYPES = re.compile(
    r"\w*(?:range|multirange)$|^(?:point|box|circle|polygon|geometry|geography)"
)


def predicates(
    condition: Expression, alias: str, types: Mapping[str, str]
) -> tuple[Predicate, ...]:
    """What a conjunct asks of the table ``alias``; each arm of an OR apart."""
    if isinstance(condition, Logic) and condition.word == "OR":
        arms = [
            predicates(each, alias, types) for part in condition.parts for each in conjuncts(part)
        ]
        return tuple(each for arm in arms for each in arm if not each.always)
    found = _predicate(condition, alias, types)
    return () if found is None else found


def _predicate(
    condition: Expression, alias: str, types: Mapping[str, str]
) -> tuple[Predicate, ...] | None:
    match condition:
        case Column() if condition.alias == alias:
            return (_boolean(condition, "true"),)
        case Logic(word="NOT", parts=(Column() as column,)) if column.alias == alias:
            return (_boolean(column, "false"),)
        case Test(operand=operand, words=words) if _is_ours(operand, alias):
            return _test(_plain(operand, types), words)
        case Quantified(operator="=", quantifier="ANY", left=left, right=right):
            if _is_ours(left, alias) and not _mentions(right, alias):
                key = _plain(left, types)
                return (
                    Predicate(Sort.EQUAL, key, "=", _value(right), bool(columns(right)), True,
                              _type(key, types)),
                )  # fmt: skip
        case Operation(left=Row(items=items), right=Row()) if condition.operator in _RANGES:
            return tuple(
                Predicate(
                    Sort.RANGE, _plain(item, types), condition.operator, "", type=_type(item, types)
                )
                for item in items
                if _is_ours(item, alias)
            )
        case Operation(operator=operator, left=Column() as left, right=Column() as right) if (
            left.alias == right.alias == alias and operator in _COMPARED
        ):
            return (Predicate(Sort.FIXED, left, operator, str(right), compares=True),)
        case Operation(operator=operator, left=left, right=right):
            if _is_ours(left, alias) and not _mentions(right, alias):
                return _compared(operator, left, right, types)
            if _is_ours(right, alias) and not _mentions(left, alias) and operator in _MIRRORED:
                return _compared(_MIRRORED[operator], right, left, types)
    return None


def _boolean(column: Column, value: str) -> Predicate:
    return Predicate(Sort.EQUAL, column, "bool", value, type="boolean")


def _test(key: Expression, words: str) -> tuple[Predicate, ...]:
    if words == "IS NULL":
        return (Predicate(Sort.EQUAL, key, words, "NULL"),)
    if words in ("IS NOT NULL", "IS TRUE", "IS FALSE", "IS NOT TRUE", "IS NOT FALSE"):
        return (Predicate(Sort.FIXED, key, words, ""),)
    return ()


def _compared(
    operator: str, left: Expression, right: Expression, types: Mapping[str, str]
) -> tuple[Predicate, ...]:
    key = _plain(left, types)
    type_ = _type(key, types)
    value = _value(right)
    join = bool(columns(right))

    def made(sort: Sort) -> tuple[Predicate, ...]:
        return (Predicate(sort, key, operator, value, join, type=type_),)

    if operator == "=":
        return made(Sort.EQUAL)
    if operator in _RANGES:
        return made(Sort.RANGE)
    if operator in ("~~", "^@"):
        if not value:
            return ()
        if operator == "^@" or _PREFIX.match(value):
            return made(Sort.PREFIX)
        return made(Sort.SUBSTRING) if _has_trigram(value) else ()
    if operator in ("~~*", "~", "~*"):
        return made(Sort.SUBSTRING) if not value or _has_trigram(value) else ()
    if operator in ("%", "<%", "%>"):
        return made(Sort.SUBSTRING)
    if operator in _CONTAINS:
        ranged = _RANGE_TYPES.search(type_) is not None
        return made(Sort.OVERLAPS if ranged else Sort.CONTAINS)
    if operator == "<>" and value:
        return made(Sort.FIXED)
    return ()


def _has_trigram(value: str) -> bool:
    found = _PATTERN.match(value)
    return found is not None and _WORDS.search(found["pattern"]) is not None


def _is_ours(expression: Expression, alias: str) -> bool:
    found = columns(expression)
    return bool(found) and all(column.alias == alias for column in found)


def _mentions(expression: Expression, alias: str) -> bool:
    return any(column.alias == alias for column in columns(expression))


def _plain(key: Expression, types: Mapping[str, str]) -> Expression:
    """The key without a cast that changes no bytes: ``(name)::text`` of a ``varchar``."""
    if isinstance(key, Cast) and isinstance(key.operand, Column):
        own = types.get(key.operand.name, "")
        if own.startswith("character varying") and (
            key.type == "text" or (own.endswith("[]") and key.type == "text[]")
        ):
            return key.operand
    return key


def _type(key: Expression, types: Mapping[str, str]) -> str:
    return types.get(key.name, "") if isinstance(key, Column) else ""


def _value(expression: Expression) -> str:
    """The other side as SQL when it is a literal; empty when it is not known now."""
    if isinstance(expression, Constant):
        return expression.text
    return ""
