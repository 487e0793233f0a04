"""A query as a chain of calls: ``select(Order)`` and its ``.where(...).order_by(...)``."""

import ast
import copy
from dataclasses import dataclass, field, replace

Condition = tuple[ast.expr, ast.expr, ast.expr]
"""An equality, its column and its value."""
_ENDS = ("all", "first", "one", "one_or_none", "scalar", "scalars", "count", "get")
_FILTERS = ("where", "filter")


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a chain."""

    name: str
    args: tuple[ast.expr, ...] = ()
    keywords: tuple[ast.keyword, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """``base.step(...).step(...)``; ``end`` is what runs a legacy ``Query``."""

    base: ast.expr
    steps: tuple[Step, ...] = ()
    end: str = ""
    selected: tuple[ast.expr, ...] = field(default=())
    """Arguments of ``select`` or ``query``."""

    @property
    def is_query(self) -> bool:
        """Whether it is a legacy ``Query``."""
        called = self.base.func if isinstance(self.base, ast.Call) else self.base
        return isinstance(called, ast.Attribute) and called.attr == "query"

    def conditions(self) -> list[Condition]:
        """Each equality that filters: itself, its column and its value, in order."""
        found = []
        for step in self.steps:
            if step.name in _FILTERS:
                for each in step.args:
                    found += _equalities(each)
            elif step.name == "filter_by" and self.selected:
                entity = _entity(self.selected[0])
                for keyword in step.keywords:
                    if keyword.arg is None:
                        continue
                    column = ast.parse(f"{entity}.{keyword.arg}", mode="eval").body
                    found.append((keyword.value, column, keyword.value))
        return found

    def of(self, *names: str) -> Step | None:
        """The last call of one of the names."""
        return next((step for step in reversed(self.steps) if step.name in names), None)

    def without(self, *names: str) -> "Chain":
        """The chain with no call of the names."""
        return replace(self, steps=tuple(step for step in self.steps if step.name not in names))

    def then(self, code: str) -> "Chain":
        """The chain with calls added: ``.group_by(Order.customer_id)``."""
        added = parse(ast.parse(f"base{code}", mode="eval").body)
        return replace(self, steps=(*self.steps, *added.steps))

    def selecting(self, *columns: str) -> "Chain":
        """The chain with other columns asked for."""
        wanted = tuple(ast.parse(each, mode="eval").body for each in columns)
        if isinstance(self.base, ast.Call) and _last(self.base.func) in (
            "select",
            "query",
            "exists",
        ):
            base: ast.expr = copy.copy(self.base)
            assert isinstance(base, ast.Call)
            if base.args:
                base.args = list(wanted)
                return replace(self, base=base, selected=wanted)
            base = ast.Call(
                func=ast.Name(id="select", ctx=ast.Load()), args=list(wanted), keywords=[]
            )
            return replace(self, base=base, selected=wanted)
        step = Step("with_entities", wanted)
        return replace(self, steps=(step, *self.steps))

    def batched(self, keys: dict[ast.expr, None], condition: str) -> "Chain":
        """The chain with its equalities of one row replaced by a condition for all rows."""
        steps: list[Step] = []
        placed = False
        added = ast.parse(condition, mode="eval").body
        for step in self.steps:
            if step.name == "filter_by" and any(each.value in keys for each in step.keywords):
                kept = tuple(each for each in step.keywords if each.value not in keys)
                if kept:
                    steps.append(replace(step, keywords=kept))
                if not placed:
                    steps.append(Step("filter" if self.is_query else "where", (added,)))
                placed = True
            elif step.name in _FILTERS:
                args: list[ast.expr] = []
                for each in step.args:
                    if any(node in keys for node in ast.walk(each)):
                        rest = _rest(each, keys)
                        args += [] if placed else [added]
                        placed = True
                        args += rest
                    else:
                        args.append(each)
                if args:
                    steps.append(replace(step, args=tuple(args)))
            else:
                steps.append(step)
        return replace(self, steps=tuple(steps))

    def code(self) -> str:
        """The chain as code, its end left out."""
        text = ast.unparse(self.base)
        for step in self.steps:
            inner = ", ".join(ast.unparse(each) for each in (*step.args, *step.keywords))
            text += f".{step.name}({inner})"
        return text


def _entity(selected: ast.expr) -> str:
    """The class that ``filter_by`` speaks of: ``Address`` of ``select(Address.street)``."""
    text = ast.unparse(selected)
    owner, _, name = text.rpartition(".")
    return (
        owner if owner and name[:1].islower() and owner.rpartition(".")[2][:1].isupper() else text
    )


def parse(expression: ast.expr) -> Chain:
    """Read an expression as a chain. Anything is one, be it of no calls."""
    steps: list[Step] = []
    node = expression
    while (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not _is_base(node)
    ):
        steps.insert(0, Step(node.func.attr, tuple(node.args), tuple(node.keywords)))
        node = node.func.value
    end = ""
    selected = tuple(node.args) if isinstance(node, ast.Call) and _is_base(node) else ()
    called = node.func if isinstance(node, ast.Call) else node
    if (isinstance(called, ast.Attribute) and called.attr == "query" and not selected) or (
        isinstance(called, ast.Attribute) and called.attr == "select" and not selected
    ):
        selected = (called.value,)
    chain = Chain(node, tuple(steps), "", selected)
    if steps and steps[-1].name in _ENDS and (chain.is_query or isinstance(node, ast.Attribute)):
        end = steps[-1].name
        chain = replace(chain, steps=tuple(steps[:-1]), end=end)
    return chain


def _is_base(node: ast.Call) -> bool:
    name = _last(node.func)
    if name == "query":
        return True
    if name != "select":
        return False
    return isinstance(node.func, ast.Name) or not isinstance(
        getattr(node.func, "value", None), ast.Call
    )


def _equalities(node: ast.expr) -> list[Condition]:
    if isinstance(node, ast.BoolOp) or (
        isinstance(node, ast.Call) and _last(node.func) in ("and_",)
    ):
        parts = node.values if isinstance(node, ast.BoolOp) else node.args
        return [found for part in parts for found in _equalities(part)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd):
        return _equalities(node.left) + _equalities(node.right)
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
        left, right = node.left, node.comparators[0]
        if not isinstance(left, ast.Attribute) and isinstance(right, ast.Attribute):
            left, right = right, left
        return [(node, left, right)]
    if isinstance(node, ast.Call) and _last(node.func) == "in_" and len(node.args) == 1:
        listed = node.args[0]
        if (
            isinstance(listed, ast.List | ast.Tuple)
            and len(listed.elts) == 1
            and isinstance(node.func, ast.Attribute)
        ):
            return [(node, node.func.value, listed.elts[0])]
    return []


def _rest(node: ast.expr, keys: dict[ast.expr, None]) -> list[ast.expr]:
    """The parts of a conjunction that are no key."""
    if node in keys:
        return []
    if isinstance(node, ast.BinOp):
        return _rest(node.left, keys) + _rest(node.right, keys)
    if isinstance(node, ast.BoolOp | ast.Call):
        parts = node.values if isinstance(node, ast.BoolOp) else node.args
        return [found for part in parts for found in _rest(part, keys)]
    return [node]


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
