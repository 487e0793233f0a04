"""Where a batched query goes: before the loop, or into a function that takes all keys."""

import ast
import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from querysafe.analysis.cures.expressions import put
from querysafe.analysis.loops import loops_around
from querysafe.analysis.sources import (
    Comprehension,
    Function,
    assignments,
    function_of,
    names_in,
    source,
)
from querysafe.query import Frame

_READS = ("scalars", "execute", "stream", "stream_scalars", "query", "exec", "exec_driver_sql")
_ASKS = (*_READS, "scalar", "get", "first", "one", "count")
_DONE = ("all", "fetchall", "items", "keys", "values")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The keys of all rows, and what stands around the code that asks for them."""

    keys: str
    """``[order.customer_id for order in orders]``."""
    key: str
    """What the loop looks up: ``order.customer_id``."""
    before: tuple[str, ...] = ()
    """Lines that the keys need."""
    signature: str = ""
    """``async def grades_for_all(session, pupils)``, "" for code before the loop."""
    contexts: tuple[str, ...] = ()
    """Loops and ``with`` statements around the code, outermost first."""

    def code(self, lines: list[str], result: str, use: str) -> str:
        """The whole of the cure: the lines where they belong, and how the loop uses them."""
        body = [*self.before]
        indent = ""
        if self.signature:
            body = [f"{self.signature}:"]
            indent = "    "
            body += [f"    {line}" for line in self.before]
        for each in self.contexts:
            body.append(f"{indent}{each}:")
            indent += "    "
        body += [indent + line for text in lines for line in text.splitlines()]
        if self.signature:
            body.append(f"{indent}return {result}")
            body.append(f"# call it once with all keys, and look each one up: {use}")
        else:
            body.append(f"{indent}# in the loop: {use}")
        return "\n".join(body)


def place_of(frame: Frame, values: tuple[ast.expr, ...], code: str) -> Place:
    """Find where the keys of all rows come from.

    ``values`` are the expressions that the loop compares with; ``code`` is the batched query,
    whose own names must be known in that place too.
    """
    chain = source(frame.file).chain(frame)
    function = function_of(chain)
    loops = list(loops_around(frame))
    value = values[0] if len(values) == 1 else ast.Tuple(elts=list(values), ctx=ast.Load())
    plain = _inlined(value, loops)
    used = [loop for loop in loops if names_in(plain) & _targets(loop)]
    if used:
        return _before_loop(plain, used, loops, function, code)
    popped = _popped(value, loops)
    if popped is not None:
        text = ast.unparse(value)
        return Place(keys=popped, key=text)
    return _in_function(frame, value, function, chain, code)


def spent_targets(frame: Frame, values: list[ast.expr]) -> set[str]:
    """The names that the loops of some keys bind: nothing outside of the loops knows them."""
    loops = list(loops_around(frame))
    return {
        name
        for loop in loops
        for value in values
        if names_in(_inlined(value, loops)) & _targets(loop)
        for name in _targets(loop)
    }


def _before_loop(
    value: ast.expr,
    used: Sequence[ast.AST],
    loops: Sequence[ast.AST],
    function: Function | None,
    code: str,
) -> Place:
    before: list[str] = []
    clauses: list[str] = []
    targets: list[str] = []
    iterables: list[ast.expr] = []
    for loop in reversed(used):
        for target, iterable, conditions in generators(loop):
            text = ast.unparse(iterable)
            if _sends(iterable) and not any(names_in(iterable) & _targets(each) for each in loops):
                name = _collection(target, function)
                before.append(f"{name} = {_kept(iterable)}")
                text = name
            targets.append(ast.unparse(target))
            iterables.append(ast.parse(text, mode="eval").body)
            clauses.append(
                f"for {targets[-1]} in {text}" + "".join(f" if {each}" for each in conditions)
            )
    key = ast.unparse(value)
    alone = len(clauses) == 1 and " if " not in clauses[0]
    if alone and key.strip("()") == targets[0].strip("()"):
        only = iterables[0]
        text = ast.unparse(only)
        keys = text if isinstance(only, ast.Name | ast.List | ast.Tuple) else f"list({text})"
    else:
        keys = f"[{key} {' '.join(clauses)}]"
    mentioned = names_in(ast.parse(code, mode="exec"))
    around = [
        f"for {ast.unparse(target)} in {ast.unparse(iterable)}"
        for loop in reversed(loops)
        if loop not in used and mentioned & _targets(loop)
        for target, iterable, _ in generators(loop)
    ]
    return Place(keys=keys, key=key, before=tuple(before), contexts=tuple(around))


def _in_function(
    frame: Frame,
    value: ast.expr,
    function: Function | None,
    chain: tuple[ast.AST, ...],
    code: str,
) -> Place:
    if function is None:
        return Place(keys="keys", key=ast.unparse(value), signature="def rows_for_all(keys)")
    arguments = function.args
    parameters = [
        each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    ]
    name = function.name if not isinstance(function, ast.Lambda) else "rows"
    value = _from_locals(value, function)
    varying = [each for each in parameters if each in names_in(value)]
    keys, key, kept = "keys", ast.unparse(value), list(parameters)
    if varying:
        one = varying[0]
        each = one
        many = plural(one)
        if one == "self":
            each, many = "each", "objects"
            value = _renamed(copy.deepcopy(value), "self", each)
        keys = (
            many if ast.unparse(value) == each else f"[{ast.unparse(value)} for {each} in {many}]"
        )
        kept = [many if parameter == one else parameter for parameter in kept]
    else:
        kept.append("keys")
    contexts = [
        ast.unparse(_bare(node)).removesuffix(":\n    pass")
        for node in chain
        if isinstance(node, ast.With | ast.AsyncWith) and node.lineno > function.lineno
    ]
    mentioned = names_in(ast.parse(code, mode="exec")) - set(varying)
    local = _locals(function, mentioned - set(parameters), chain)
    if "self" in varying:
        needs = [line for line in local if re.search(r"\bself\b", line)]
        local = [line for line in local if line not in needs]
        kept += [line.partition(" = ")[0] for line in needs]
    around = "\n".join((code, *contexts, *local))
    kept = [
        each
        for each in kept
        if each in ("self", "cls") or each in keys or re.search(rf"\b{each}\b", around)
    ]
    is_async = isinstance(function, ast.AsyncFunctionDef)
    return Place(
        keys=keys,
        key=key,
        before=tuple(local),
        signature=f"{'async ' if is_async else ''}def {name}_for_all({', '.join(kept)})",
        contexts=tuple(contexts),
    )


def _bare(node: ast.With | ast.AsyncWith) -> ast.With | ast.AsyncWith:
    bare = copy.copy(node)
    bare.body = [ast.Pass()]
    return bare


def _locals(function: Function, names: set[str], chain: tuple[ast.AST, ...]) -> list[str]:
    """The assignments of a function that names in a cure depend on."""
    line = getattr(chain[-1], "lineno", 0)
    found: list[tuple[int, str]] = []
    todo, done = set(names), set[str]()
    while todo:
        name = todo.pop()
        done.add(name)
        for assignment in assignments(function, name, line - 1)[-1:]:
            assert assignment.value is not None
            found.append((assignment.lineno, ast.unparse(assignment)))
            todo |= names_in(assignment.value) - done
    return [text for _, text in sorted(set(found))]


def _from_locals(value: ast.expr, function: Function) -> ast.expr:
    for _ in range(3):
        for name in names_in(value):
            for assignment in assignments(function, name, getattr(value, "lineno", 10**9))[-1:]:
                target = assignment.targets[0] if isinstance(assignment, ast.Assign) else None
                if isinstance(target, ast.Name) and assignment.value is not None:
                    value = put(value, name, assignment.value)
    return value


def _inlined(value: ast.expr, loops: Sequence[ast.AST]) -> ast.expr:
    """A value with the names that the loop's body assigns replaced by what they stand for."""
    for _ in range(3):
        for loop in loops:
            for node in ast.walk(loop):
                if (
                    isinstance(node, ast.Assign)
                    and len(node.targets) == 1
                    and isinstance(node.targets[0], ast.Name)
                    and node.targets[0].id in names_in(value)
                    and node.targets[0].id not in names_in(node.value)
                    and names_in(node.value) & set().union(*map(_targets, loops))
                    and not _sends(node.value)
                ):
                    value = put(value, node.targets[0].id, node.value)
    return value


def _renamed(value: ast.expr, old: str, new: str) -> ast.expr:
    return put(value, old, ast.Name(id=new, ctx=ast.Load()))


def _popped(value: ast.expr, loops: Sequence[ast.AST]) -> str | None:
    """``queue`` when the loop takes its key with ``queue.pop()``."""
    for loop in loops:
        for node in ast.walk(loop):
            if (
                isinstance(node, ast.Assign)
                and names_in(node.targets[0]) & names_in(value)
                and isinstance(node.value, ast.Call)
                and isinstance(node.value.func, ast.Attribute)
                and node.value.func.attr in ("pop", "popleft")
            ):
                return ast.unparse(node.value.func.value)
    return None


def generators(loop: ast.AST) -> Iterator[tuple[ast.expr, ast.expr, list[str]]]:
    """Target, iterable and conditions of each part of a loop; nothing for any other node."""
    if isinstance(loop, ast.For | ast.AsyncFor):
        yield loop.target, loop.iter, []
    elif isinstance(loop, Comprehension):
        for each in loop.generators:
            yield (
                each.target,
                each.iter,
                [ast.unparse(one) for one in each.ifs if not _sends(one, _ASKS)],
            )


def _targets(loop: ast.AST) -> set[str]:
    return {name for target, _, _ in generators(loop) for name in names_in(target)}


def _sends(node: ast.AST, methods: tuple[str, ...] = _READS) -> bool:
    """Whether an expression runs a query."""
    return any(isinstance(each, ast.Attribute) and each.attr in methods for each in ast.walk(node))


def _kept(iterable: ast.expr) -> str:
    """An iterable as a list that can be read twice."""
    text = ast.unparse(iterable)
    if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Attribute):
        if iterable.func.attr in _DONE:
            return text
        if iterable.func.attr in ("scalars", "execute") and iterable.args:
            return f"{text}.all()"
        if iterable.func.attr == "scalars":
            return f"{text}.all()"
    if isinstance(iterable, ast.Await):
        inner = iterable.value
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            stream = inner.func.attr.startswith("stream")
            return f"{'await ' if stream else ''}({text}).all()"
    return f"list({text})"


def _collection(target: ast.expr, function: Function | None) -> str:
    name = plural(target.id) if isinstance(target, ast.Name) else "rows"
    taken = names_in(function) if function is not None else set()
    return f"all_{name}" if name in taken else name


def plural(word: str) -> str:
    """``categories`` of ``category``, ``order_ids`` of ``order_id``."""
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    if word.endswith(("s", "x", "ch", "sh")):
        return f"{word}es"
    return f"{word}s"
