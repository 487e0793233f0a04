"""What a loop is for when it does not visit rows: waiting, trying again, taking the next job.

Read from the loop's source alone. Each purpose is told by its structure (who decides how
long the loop runs, what leaves it, what one round hands to the next), not by names of ours.
"""

import ast
from collections.abc import Iterator

from querysafe.analysis.loops import Loop
from querysafe.analysis.sources import (
    asserts,
    function_of,
    names_in,
    nodes_in,
    source,
    statement_of,
)

_WAITS = ("sleep", "wait", "wait_for", "wait_until")
_COUNTERS = ("range", "count", "repeat", "cycle")
_MESSAGES = (
    "receive",
    "receive_text",
    "receive_json",
    "receive_bytes",
    "iter_text",
    "iter_json",
    "iter_bytes",
    "get_message",
    "listen",
    "notifies",
    "subscribe",
    "blpop",
    "brpop",
    "xread",
    "xreadgroup",
    "consume",
    "getone",
)
_LEAVING = (ast.Break, ast.Return)


def waits(loop: Loop) -> bool:
    """Whether it lets time pass between its rounds."""
    return loop.calls(*_WAITS)


def counts(loop: Loop) -> bool:
    """Whether it runs over numbers of attempts: ``range(5)``, ``itertools.count()``."""
    iterable = loop.iterable
    if not isinstance(iterable, ast.Call) or _last_name(iterable.func) not in _COUNTERS:
        return False
    return not any(isinstance(node, ast.Call) for each in iterable.args for node in nodes_in(each))


def polls(loop: Loop) -> bool:
    """Whether it asks one and the same question until the answer changes."""
    if loop.node is None:
        return False
    if waits(loop):
        return True
    if isinstance(loop.node, ast.While):
        return is_decided(loop)
    return counts(loop) and loop.has(ast.Break, ast.Return, ast.Raise)


def is_decided(loop: Loop) -> bool:
    """Whether the answer to what it asks here decides how often a ``while`` runs."""
    node = loop.node
    if not isinstance(node, ast.While):
        return False
    chain = source(loop.frame.file).chain(loop.frame)
    if node.test in chain:
        return True
    statement = statement_of(chain)
    if isinstance(statement, ast.If | ast.Return):
        return True
    tests = [node.test]
    for each in nodes_in(node):
        if isinstance(each, ast.If) and any(
            isinstance(inner, (*_LEAVING, ast.Raise)) for inner in nodes_in(each)
        ):
            tests.append(each.test)
    decisive = set().union(*(names_in(test) for test in tests))
    return bool(_grown(node, _stored(statement)) & decisive)


def probes(loop: Loop) -> bool:
    """Whether it tries candidates until one is free, or one finds something.

    ``for pattern in (name, f"{name}%"): rows = …; if rows: return rows``: the answer is
    looked at in order to leave, and in nothing else.
    """
    node = loop.node
    chain = source(loop.frame.file).chain(loop.frame)
    if isinstance(node, ast.While):
        if node.test in chain:
            return not any(isinstance(each, ast.NamedExpr) for each in nodes_in(node.test))
    elif not counts(loop) and not loop.is_literal:
        return False
    assert node is not None
    statement = statement_of(chain)
    if isinstance(statement, ast.If) and statement.test in chain:
        return _leaves(statement.body)
    if isinstance(statement, ast.Return):
        return False
    answers = _stored(statement)
    used = [
        each
        for each in nodes_in(node)
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and each.id in answers
    ]
    deciding = [each for each in nodes_in(node) if isinstance(each, ast.If) and _leaves(each.body)]
    within = {id(inner) for each in deciding for inner in nodes_in(each)}
    return bool(used) and all(id(name) in within for name in used)


def asserts_in(loop: Loop) -> bool:
    """Whether its source asserts, in the words of pytest, unittest or a matcher library."""
    return loop.node is not None and any(map(asserts, nodes_in(loop.node)))


def checks(loop: Loop) -> bool:
    """Whether it asserts more of each answer than that it is there, as a test's helper does."""
    return loop.node is not None and any(
        isinstance(each, ast.Assert)
        and not (isinstance(each.test, ast.Compare) and _is_none(each.test.comparators[-1]))
        and not (isinstance(each.test, ast.Name))
        for each in nodes_in(loop.node)
    )


def expects(loop: Loop) -> bool:
    """Whether a test runs over its own expectations: compares what it finds with what it wrote.

    ``for sku, price in cases.items(): if find(sku) != price: …``, or
    ``found = {key: find(key) for key in expected}; assert found == expected``.
    """
    node, iterable = loop.node, loop.iterable
    if node is None or iterable is None:
        return False
    function = function_of(source(loop.frame.file).chain(loop.frame))
    compared = {
        each.id
        for assertion in (nodes_in(function) if function is not None else ())
        if isinstance(assertion, ast.Assert) and isinstance(assertion.test, ast.Compare)
        for each in (assertion.test.left, *assertion.test.comparators)
        if isinstance(each, ast.Name)
    }
    if isinstance(iterable, ast.Name) and iterable.id in compared:
        return True
    expected = {
        each.id
        for decision in nodes_in(node)
        if isinstance(decision, ast.If) and isinstance(decision.test, ast.Compare)
        for each in (decision.test.left, *decision.test.comparators)
        if isinstance(each, ast.Name)
    }
    return isinstance(loop.target, ast.Tuple) and bool(names_in(loop.target) & expected)


def tries_again(loop: Loop) -> bool:
    """Whether it repeats one action until it succeeds: attempts, a handler, a way out."""
    node = loop.node
    if not isinstance(node, ast.For | ast.AsyncFor | ast.While):
        return False
    if isinstance(node, ast.For | ast.AsyncFor):
        for each in nodes_in(node):
            if isinstance(each, ast.With | ast.AsyncWith) and any(
                isinstance(item.context_expr, ast.Name)
                and isinstance(node.target, ast.Name)
                and item.context_expr.id == node.target.id
                for item in each.items
            ):
                return True
    endless = isinstance(node, ast.While) or counts(loop)
    if not endless:
        return False
    for each in node.body:
        if isinstance(each, ast.Try) and each.handlers:
            after = node.body[node.body.index(each) + 1 :]
            return _leaves([*each.body, *each.orelse, *after])
    return False


def takes_messages(loop: Loop) -> bool:
    """Whether each round answers a message from outside: a websocket's, a channel's."""
    if isinstance(loop.node, ast.While):
        return loop.calls(*_MESSAGES)
    iterable = loop.iterable
    return iterable is not None and any(
        isinstance(each, ast.Call) and _last_name(each.func) in _MESSAGES
        for each in nodes_in(iterable)
    )


def is_chained(loop: Loop) -> bool:
    """Whether each round builds on what the database made of the round before.

    ``entry = Entry(previous_id=previous.id); …flush(); previous = entry``.
    """
    node = loop.node
    if not isinstance(node, ast.For | ast.AsyncFor | ast.While):
        return False
    made = {
        target.id: each.value
        for each in nodes_in(node)
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    for name, value in made.items():
        built = made.get(value.id) if isinstance(value, ast.Name) else value
        if isinstance(built, ast.Await):
            built = built.value
        if isinstance(built, ast.Call) and name in set(_attributes_read(built)):
            return True
    return False


def _attributes_read(node: ast.AST) -> Iterator[str]:
    for each in nodes_in(node):
        if isinstance(each, ast.keyword) and each.arg is not None:
            for inner in nodes_in(each.value):
                if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
                    yield inner.value.id


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _stored(statement: ast.AST | None) -> set[str]:
    return {
        each.id
        for each in (nodes_in(statement) if statement is not None else ())
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    }


def _grown(node: ast.AST, names: set[str]) -> set[str]:
    grown = set(names)
    for each in nodes_in(node):
        if isinstance(each, ast.Assign) and names_in(each.value) & grown:
            grown |= {name for target in each.targets for name in names_in(target)}
    return grown


def _leaves(body: list[ast.stmt]) -> bool:
    """Whether statements leave the loop, those of handlers and inner loops apart."""
    for each in body:
        if isinstance(each, _LEAVING):
            return True
        if isinstance(each, ast.If) and (_leaves(each.body) or _leaves(each.orelse)):
            return True
        if isinstance(each, ast.With | ast.AsyncWith) and _leaves(each.body):
            return True
        if isinstance(each, ast.Try) and _leaves([*each.body, *each.orelse]):
            return True
    return False


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
