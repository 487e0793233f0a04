"""Cold sessions: what fixtures left in a session must not answer for the database.

A session keeps an object for as long as anybody holds it, and a many-to-one relationship
to an object it keeps sends no query. In production every request begins with an empty
session; a test whose fixture still holds its objects does not.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_DEPTH = 3


def cool_all(handed: Mapping[str, Any] | None = None) -> int:
    """Empty every live session, and return how many there were.

    Pending changes are flushed first; a session whose flush needs an event loop and that
    has some is left alone. Objects that the test was handed stay in their session with
    their columns, but forget the relationships that were loaded.
    """
    sessions = _live()
    kept = list(_objects(handed.values())) if handed else []
    for session in sessions:
        _cool(session, [each for each in kept if each in session])
    return len(sessions)


def _live() -> list[Any]:
    module = sys.modules.get("sqlalchemy.orm.session")
    known = getattr(module, "_sessions", None)
    return list(known.values()) if known is not None else []


def _cool(session: Any, kept: list[Any]) -> None:
    from sqlalchemy import inspect
    from sqlalchemy.exc import SQLAlchemyError

    if not session.identity_map and not session.new:
        return
    if session.new or session.dirty or session.deleted:
        if _needs_loop(session):
            return
        try:
            session.flush()
        except SQLAlchemyError:
            session.rollback()
            return
    for each in kept:
        loaded = [name for name in inspect(each.__class__).relationships if name in each.__dict__]
        if loaded:
            session.expire(each, loaded)
    session.expunge_all()
    for each in kept:
        session.add(each)


def _needs_loop(session: Any) -> bool:
    bind = session.bind
    return bool(getattr(getattr(bind, "dialect", None), "is_async", False))


def _objects(values: Iterable[Any], depth: int = _DEPTH) -> Iterator[Any]:
    """The mapped objects among some values, in lists, mappings and plain objects, too."""
    for value in values:
        if hasattr(value, "_sa_instance_state"):
            yield value
        elif depth and isinstance(value, Mapping):
            yield from _objects(value.values(), depth - 1)
        elif depth and isinstance(value, list | tuple | set | frozenset):
            yield from _objects(value, depth - 1)
        elif depth and type(value).__module__ == "types" and hasattr(value, "__dict__"):
            yield from _objects(vars(value).values(), depth - 1)
