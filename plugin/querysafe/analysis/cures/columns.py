"""Cures of column loads, one for each reason."""

import ast

from querysafe.analysis.cures import eager, expressions, rows
from querysafe.analysis.subject import Subject
from querysafe.query import CapturedQuery


def cure(subject: Subject, queries: list[CapturedQuery], root: CapturedQuery | None) -> str:
    """Code for the column loads of one finding."""
    cause = queries[0].orm_cause
    if cause.reason == "deferred":
        return _undefer(subject, queries, root)
    if cause.reason == "polymorphic":
        return _polymorphic(subject, queries, root)
    if cause.reason == "refresh":
        return _read_again(queries[0])
    return _keep(queries)


def _above(subject: Subject, query: CapturedQuery) -> str:
    """The loader path to the rows themselves, when they came through a relationship."""
    parent = subject.by_index.get(query.parent_index) if query.parent_index is not None else None
    if parent is None or not parent.orm_cause.path:
        return ""
    return eager.of_cause(parent.orm_cause)


def _undefer(subject: Subject, queries: list[CapturedQuery], root: CapturedQuery | None) -> str:
    cause = queries[0].orm_cause
    above = _above(subject, queries[0])
    entity = cause.owner.partition("(")[0] or cause.entity
    undeferred = [f"undefer({entity}.{name})" for name in cause.columns]
    option = ".".join([above, *undeferred]) if above else undeferred[0]
    code = eager.on(root, option, entity)
    for more in undeferred[1:] if not above else ():
        code = code.replace(undeferred[0], f"{undeferred[0]}, {more}", 1)
    return code


def _polymorphic(subject: Subject, queries: list[CapturedQuery], root: CapturedQuery | None) -> str:
    base = queries[0].orm_cause.owner.partition("(")[0]
    classes = ", ".join(eager.subclasses(queries))
    above = _above(subject, queries[0])
    option = (
        f"{above}.selectin_polymorphic([{classes}])"
        if above
        else f"selectin_polymorphic({base}, [{classes}])"
    )
    return eager.on(root, option, base)


def _read_again(query: CapturedQuery) -> str:
    """One SELECT that refreshes all: ``populate_existing``."""
    entity = query.orm_cause.entity
    frame = query.stack[0] if query.stack else None
    built = expressions.find(frame)
    which = f"{entity}.id.in_(ids)"
    if frame is not None and built is not None and built.call.args:
        around = rows.loop_around(frame)
        what = built.call.args[0]
        if around is not None and isinstance(what, ast.Name):
            target, iterable = around
            which = f"{entity}.id.in_([{ast.unparse(what)}.id for {target} in {iterable}])"
    return (
        f"session.scalars(select({entity}).where({which})"
        ".execution_options(populate_existing=True)).all()"
    )


def _keep(queries: list[CapturedQuery]) -> str:
    maker = (
        "async_sessionmaker"
        if "aio" in queries[0].context.engine or ("asyncpg" in queries[0].context.engine)
        else "sessionmaker"
    )
    return f"{maker}(engine, expire_on_commit=False)"
