"""Keys of an index from the expressions of a plan."""

from collections.abc import Sequence

from querysafe.advice.candidates.expressions import (
    Call,
    Cast,
    Column,
    Constant,
    Expression,
    Operation,
    columns,
    within,
)
from querysafe.advice.candidates.plans import Order
from querysafe.advice.index import Key

_FIXED_OPERATIONS = frozenset({"->>", "->", "#>>", "#>", "||"})
_NO_KEYS = frozenset(
    [
        "random",
        "now",
        "count",
        "sum",
        "avg",
        "min",
        "max",
        "array_agg",
        "string_agg",
        "json_agg",
        "jsonb_agg",
        "bool_and",
        "bool_or",
        "every",
        "stddev",
        "variance",
        "percentile_cont",
        "json_object_agg",
        "jsonb_object_agg",
        "to_char",
    ]
)
"""Aggregates, and functions whose result changes with the session or the hour."""


def is_indexable(key: Expression) -> bool:
    """Whether an index on the key helps: a column, or a function of columns that a rewrite of
    the statement could not do without. Casts and arithmetic of a column want the rewrite.
    """
    match key:
        case Column():
            return True
        case Cast(operand=operand):
            return not isinstance(operand, Column) and is_indexable(operand)
        case Operation(operator=operator):
            return operator in _FIXED_OPERATIONS and all(
                isinstance(each, Column | Constant | Call | Operation | Cast)
                for each in within(key)
            )
        case Call(name=name):
            known = all(
                isinstance(each, Column | Constant | Call | Cast | Operation)
                for each in within(key)
            )
            return known and name not in _NO_KEYS and bool(columns(key))
        case _:
            return False


def gives_text(key: Expression) -> bool:
    """Whether an expression takes a text out of a document."""
    return isinstance(key, Operation) and key.operator in ("->>", "#>>")


def key_of(expression: Expression, operator_class: str = "") -> Key:
    """The key that an expression makes."""
    if isinstance(expression, Column):
        return Key(expression.name, operator_class=operator_class)
    text = str(expression)
    if text.startswith("(") and text.endswith(")") and isinstance(expression, Operation):
        text = text[1:-1]
    return Key(expression=text, operator_class=operator_class)


def pattern_class(type_: str) -> str:
    """The operator class by which beginnings are found, whatever the collation."""
    return "varchar_pattern_ops" if type_.startswith("character varying") else "text_pattern_ops"


def keys_of(orders: Sequence[Order]) -> tuple[Key, ...]:
    """The keys of an order, as far as an index can have them."""
    keys = []
    for each in orders:
        if not is_indexable(each.expression):
            break
        key = key_of(each.expression)
        first = None if each.nulls_first == each.descending else each.nulls_first
        keys.append(Key(key.column, key.expression, descending=each.descending, nulls_first=first))
    return tuple(keys)


def ascending(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """An order that only descends, with NULLs where that puts them, is read backwards."""
    led = [key for key in keys if key.descending or key.nulls_first is not None]
    plain = all(key.descending and key.nulls_first is None for key in led)
    first = next((at for at, key in enumerate(keys) if key.descending), len(keys))
    if led and plain and all(key.descending for key in keys[first:]):
        return tuple(Key(key.column, key.expression, key.operator_class) for key in keys)
    return keys


def distinct_keys(keys: Sequence[Key]) -> list[Key]:
    """Each column or expression once, where it comes first."""
    firsts: dict[str, Key] = {}
    for key in keys:
        firsts.setdefault(key.target, key)
    return list(firsts.values())
