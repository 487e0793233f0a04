"""Conditions that no index should be made for, with the rewrite that an index can serve."""

from collections.abc import Iterator, Mapping

from querysafe.advice.candidates.expressions import (
    Call,
    Cast,
    Column,
    Expression,
    Operation,
    Quantified,
    columns,
    within,
)
from querysafe.advice.candidates.parsing import sort_key
from querysafe.advice.candidates.plans import accesses, nodes
from querysafe.advice.choosing.costs import Subject
from querysafe.advice.index import Table
from querysafe.advice.planner import Relation

_COMPARING = frozenset({"=", "<", ">", "<=", ">=", "<>"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
_FEW_ROWS = 1000
_SAME = {("character varying", "text"), ("citext", "text"), ("name", "text"), ("character", "text")}


def traps(subject: Subject, relations: Mapping[Table, Relation]) -> Iterator[tuple[str, str]]:
    """What of a statement wants a rewrite, in words, with the rewrite; each once."""
    seen: set[str] = set()
    for plan in subject.plans[:1]:
        for access in accesses(plan.root):
            relation = relations.get(access.table)
            if relation is None or relation.rows < _FEW_ROWS:
                continue
            found = [each for condition in access.conditions for each in _trap(condition, relation)]
            for words, cure in [*found, *_top_random(plan.root)]:
                if words not in seen:
                    seen.add(words)
                    yield words, cure


def wants_rewrite_only(subject: Subject) -> bool:
    """Whether a statement draws rows by chance from a whole table: an index could only be read
    whole in place of the table, which cures nothing.
    """
    plan = subject.plans[0].root
    read = list(accesses(plan))
    return len(read) == 1 and not read[0].conditions and next(_top_random(plan), None) is not None


def _trap(condition: Expression, relation: Relation) -> Iterator[tuple[str, str]]:
    for each in within(condition):
        match each:
            case Quantified(quantifier="ANY", operator="=", left=left, right=Column() as column):
                if relation.columns.get(column.name, "").endswith("[]"):
                    yield (
                        f"= ANY ({column}) cannot use an index on the array",
                        f"{column} @> ARRAY[{left}]",
                    )
            case Operation(operator=operator, left=left, right=right) if operator in _COMPARING:
                for side, other in ((left, right), (right, left)):
                    if not columns(other):
                        yield from _side(side, relation)


def _side(side: Expression, relation: Relation) -> Iterator[tuple[str, str]]:
    match side:
        case Cast(operand=Column() as column, type=type_):
            own = relation.columns.get(column.name, "").split("(")[0]
            if (own, type_) in _SAME:
                return
            if type_ == "date":
                yield (
                    f"the cast ({column})::date keeps an index on the column from being used",
                    f"{column} >= day AND {column} < day + 1",
                )
            else:
                yield (
                    f"the cast ({column})::{type_} keeps an index on the column ({own}) from being used",
                    f"compare {column} with a value of the type {own}",
                )
        case Call(name="date", arguments=(Column() as column,)):
            yield (
                f"date({column}) keeps an index on the column from being used",
                f"{column} >= day AND {column} < day + 1",
            )
        case Operation(operator=operator) if operator in _ARITHMETIC and columns(side):
            yield (
                f"arithmetic on {', '.join(sorted(map(str, columns(side))))} keeps an index from being used",
                "put the arithmetic on the other side of the comparison",
            )


def _random(expression: Expression) -> Iterator[tuple[str, str]]:
    if any(isinstance(each, Call) and each.name == "random" for each in within(expression)):
        yield (
            "ORDER BY random() reads and sorts every row",
            "draw a random key and take the next row: id >= random key ORDER BY id LIMIT 1; "
            "or TABLESAMPLE",
        )


def _top_random(plan: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for node, _ in nodes(plan):
        for text in node.get("Sort Key", ()):
            yield from _random(sort_key(text)[0])
