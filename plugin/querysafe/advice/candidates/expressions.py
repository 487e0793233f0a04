"""The expressions that EXPLAIN (VERBOSE) prints, as values.

The server has resolved every alias, view and implicit cast in them and puts each operation
in parentheses, so that a small grammar is enough; what it does not know becomes an
:class:`Opaque` that still tells which columns are in it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from querysafe.advice.index import quoted


@dataclass(frozen=True, slots=True)
class Column:
    """``alias.name``."""

    alias: str
    name: str

    def __str__(self) -> str:
        return quoted(self.name)


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal with its cast: ``'paid'::text``, ``7``, ``true``, ``NULL::integer``."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Parameter:
    """``$1``: a value that is not known, or that another part of the plan computes."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Call:
    """A function: ``lower(email)``."""

    name: str
    arguments: tuple["Expression", ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Cast:
    """``(operand)::type``."""

    operand: "Expression"
    type: str

    def __str__(self) -> str:
        return f"({self.operand})::{self.type}"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator between two operands."""

    operator: str
    left: "Expression"
    right: "Expression"

    def __str__(self) -> str:
        return f"({self.left} {self.operator} {self.right})"


@dataclass(frozen=True, slots=True)
class Quantified:
    """``(left operator ANY (right))``, or ALL."""

    operator: str
    quantifier: str
    left: "Expression"
    right: "Expression"

    def __str__(self) -> str:
        return f"({self.left} {self.operator} {self.quantifier} ({self.right}))"


@dataclass(frozen=True, slots=True)
class Test:
    """``(operand IS NULL)`` and its kin."""

    __test__ = False

    operand: "Expression"
    words: str
    """``IS NULL``, ``IS NOT NULL``, ``IS TRUE`` …"""

    def __str__(self) -> str:
        return f"({self.operand} {self.words})"


@dataclass(frozen=True, slots=True)
class Logic:
    """``AND``, ``OR`` or ``NOT`` of its parts."""

    word: str
    parts: tuple["Expression", ...]

    def __str__(self) -> str:
        if self.word == "NOT":
            return f"(NOT {self.parts[0]})"
        return f"({f' {self.word} '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class Row:
    """``ROW(a, b)``."""

    items: tuple["Expression", ...]

    def __str__(self) -> str:
        return f"ROW({', '.join(map(str, self.items))})"


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something that no index is made of: CASE, a subplan, a window, a subscript."""

    text: str
    parts: tuple["Expression", ...] = ()

    def __str__(self) -> str:
        return self.text


Expression = (
    Column
    | Constant
    | Parameter
    | Call
    | Cast
    | Operation
    | Quantified
    | Test
    | Logic
    | Row
    | Opaque
)


def parts(expression: Expression) -> tuple[Expression, ...]:
    """What an expression is made of directly."""
    match expression:
        case Call():
            return expression.arguments
        case Cast() | Test():
            return (expression.operand,)
        case Operation() | Quantified():
            return (expression.left, expression.right)
        case Logic() | Opaque():
            return expression.parts
        case Row():
            return expression.items
        case _:
            return ()


def within(expression: Expression) -> Iterator[Expression]:
    """The expression and everything in it."""
    yield expression
    for part in parts(expression):
        yield from within(part)


def columns(expression: Expression) -> frozenset[Column]:
    """All columns in it."""
    return frozenset(each for each in within(expression) if isinstance(each, Column))


def conjuncts(expression: Expression) -> tuple[Expression, ...]:
    """What must hold together: the parts of an AND, nested ones too."""
    if isinstance(expression, Logic) and expression.word == "AND":
        return tuple(each for part in expression.parts for each in conjuncts(part))
    return (expression,)
