"""Which loop made a query run again: read from the source around each frame of its stack."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from querysafe.analysis.sources import Comprehension, Function, nodes_in, source
from querysafe.query import CapturedQuery, Frame

Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """A loop of the user's, as met on one stack. Equal loops have equal ``key``."""

    key: tuple[object, ...]
    frame: Frame
    depth: int
    """Index of its frame in the stack: 0 is the innermost."""
    node: ast.For | ast.AsyncFor | ast.While | Comprehension | None
    """``None`` when a library, a recursion or a builtin such as ``map`` repeats."""

    @property
    def is_while(self) -> bool:
        """Whether it runs until a condition changes, and not over data."""
        return isinstance(self.node, ast.While)

    @property
    def is_repeating(self) -> bool:
        """Whether it does one and the same thing so many times: ``for _ in range(5)``."""
        target, iterable = self.target, self.iterable
        return (
            isinstance(target, ast.Name)
            and target.id.startswith("_")
            and isinstance(iterable, ast.Call)
            and _last_name(iterable.func) in ("range", "repeat")
            and all(isinstance(each, ast.Constant) for each in iterable.args)
        )

    @property
    def is_literal(self) -> bool:
        """Whether what is looped over is written in the loop's own head: ``(1, 2, 3)``."""
        return isinstance(self.iterable, ast.Tuple | ast.List | ast.Set)

    @property
    def calls_target(self) -> bool:
        """Whether it runs over functions: ``for step in (reserve, charge): step(order)``."""
        target = self.target
        if not isinstance(target, ast.Name) or self.node is None:
            return False
        return target.id in _functions_called(self.node)

    @property
    def target(self) -> ast.expr | None:
        """What each row is bound to."""
        if isinstance(self.node, ast.For | ast.AsyncFor):
            return self.node.target
        if isinstance(self.node, Comprehension):
            return self.node.generators[0].target
        return None

    @property
    def iterable(self) -> ast.expr | None:
        """What is looped over."""
        if isinstance(self.node, ast.For | ast.AsyncFor):
            return self.node.iter
        if isinstance(self.node, Comprehension):
            return self.node.generators[0].iter
        return None

    def calls(self, *names: str) -> bool:
        """Whether its source calls or awaits something of one of the names."""
        if self.node is None:
            return False
        return any(
            isinstance(node, ast.Call) and _last_name(node.func) in names
            for node in nodes_in(self.node)
        )

    def has(self, *kinds: type[ast.AST]) -> bool:
        """Whether its source holds a node of one of the kinds."""
        return self.node is not None and any(isinstance(n, kinds) for n in nodes_in(self.node))


def signature(stack: tuple[Frame, ...]) -> Signature:
    """A stack as a value, recursion collapsed."""
    return _collapsed(stack)[0]


def loops_of(query: CapturedQuery) -> tuple[Loop, ...]:
    """Every syntactic loop around a query, innermost first."""
    stack = query.stack
    known = _known.get(id(stack))
    if known is None:
        if len(_known) >= REMEMBERED:
            _known.clear()
        known = _known[id(stack)] = (stack, _loops_of(stack))
    return known[1]


def _loops_of(stack: tuple[Frame, ...]) -> tuple[Loop, ...]:
    found: list[Loop] = []
    for depth, frame in enumerate(stack):
        if frame.template:
            continue
        outer = _collapsed(stack[depth:])[0][1:]
        for node in loops_around(frame):
            place = (node.lineno, node.col_offset)
            found.append(Loop((frame.file, *place, outer), frame, depth, node))
    return tuple(found)


def recursion_of(query: CapturedQuery) -> Loop | None:
    """The recursion that a query runs in, if its stack holds one function twice."""
    collapsed, depth = _collapsed(query.stack)
    if depth is None:
        return None
    return Loop(("recursion", collapsed), query.stack[depth], depth, None)


def unseen_loop(query: CapturedQuery) -> Loop | None:
    """A loop outside of the user's source: a library's, a builtin's or a template's."""
    if not query.stack:
        return Loop(("library", query.context.endpoint), _NOWHERE, 0, None)
    return Loop(("stack", signature(query.stack)), query.stack[0], 0, None)


REMEMBERED = 5000
_known: dict[int, tuple[tuple[Frame, ...], tuple[Loop, ...]]] = {}
"""Loops by stack, which is held so that no other gets its ``id()``."""


@lru_cache(maxsize=4096)
def _functions_called(node: ast.AST) -> frozenset[str]:
    return frozenset(
        each.func.id
        for each in nodes_in(node)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
    )


_NOWHERE = Frame(site=None, file="")  # type: ignore[arg-type]


def _collapsed(stack: tuple[Frame, ...]) -> tuple[Signature, int | None]:
    """A signature in which a function that calls itself again stands once."""
    entries: list[tuple[str, int, int]] = []
    seen: dict[tuple[str, int], int] = {}
    recursive: int | None = None
    for depth, frame in enumerate(stack):
        if frame.name.startswith("<") and not frame.name.startswith("<lambda"):
            entries.append((frame.file, frame.first_line, frame.instruction))
            continue
        function = (frame.file, frame.first_line)
        if function in seen:
            del entries[seen[function] + 1 :]
            seen = {each: at for each, at in seen.items() if at <= seen[function]}
            recursive = depth
            continue
        seen[function] = len(entries)
        entries.append((*function, frame.instruction))
    return tuple(entries), recursive


def loops_around(frame: Frame) -> Iterator[ast.For | ast.AsyncFor | ast.While | Comprehension]:
    """The loops of a frame's own function around what it executes, innermost first."""
    chain = source(frame.file).chain(frame)
    own_frame = frame.name in ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
    for index in range(len(chain) - 2, -1, -1):
        node, child = chain[index], chain[index + 1]
        if isinstance(node, Function):
            return
        if isinstance(node, ast.For | ast.AsyncFor):
            if child in node.body:
                yield node
        elif isinstance(node, ast.While):
            if child in node.body or child is node.test:
                yield node
        elif isinstance(node, Comprehension):
            first = node.generators[0]
            evaluated_once = (
                child is first and index + 2 < len(chain) and chain[index + 2] is first.iter
            )
            if not evaluated_once:
                yield node
                if own_frame:
                    return


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
