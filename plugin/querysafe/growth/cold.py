"""Cold sessions: what fixtures left in a session must not answer for the database.

A session keeps an object for as long as anybody holds it, and a many-to-one relationship
to an object it keeps sends no query. In production every request begins with an empty
session; a test whose fixture still holds its objects does not.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from types import FunctionType, ModuleType
from typing import Any
from weakref import ref

from querysafe.growth.isolation import sessions

_DEPTH = 3
_LOOKUP = "_identity_lookup"


@contextmanager
def cooled(handed: Iterable[Any] = (), *, whole: bool = False) -> Iterator[int]:
    """Empty every live session for the length of the block, and yield how many there were.

    Pending changes are flushed first; a session whose flush needs an event loop and that
    has some is left alone. Objects among ``handed``, which the test may use, stay in their
    session with their columns; they forget the relationships that were loaded, and the first
    lookup of each by its key asks the database all the same. In a session that needs an event
    loop they keep the relationships, unless ``whole``: a plain attribute cannot be awaited.
    The others come back afterwards where they are still held.
    """
    kept = list(objects(handed))
    found = sessions()
    with ExitStack() as stack:
        for session in found:
            here = [each for each in kept if each in session]
            stack.enter_context(_cooled(session, here, whole=whole))
        yield len(found)


def objects(values: Iterable[Any], depth: int = _DEPTH) -> Iterator[Any]:
    """The mapped objects among some values, in containers and plain objects, too."""
    for value in values:
        if hasattr(value, "_sa_instance_state"):
            yield value
        elif not depth or isinstance(value, type | ModuleType | FunctionType | str | bytes):
            continue
        elif isinstance(value, Mapping):
            yield from objects(list(value.values()), depth - 1)
        elif isinstance(value, list | tuple | set | frozenset):
            yield from objects(value, depth - 1)
        elif not type(value).__module__.startswith(("sqlalchemy", "_pytest")):
            yield from objects(list(getattr(value, "__dict__", {}).values()), depth - 1)


@contextmanager
def _cooled(session: Any, kept: list[Any], *, whole: bool) -> Iterator[None]:
    if not _is_settled(session) or not session.identity_map:
        yield
        return
    known = set(map(id, kept))
    others = [ref(each) for each in session.identity_map.values() if id(each) not in known]
    if whole or not _is_async(session):
        _forget_relationships(session, kept)
    session.expunge_all()
    session.add_all(kept)
    with _cold_lookups(session, kept):
        yield
    for other in (each() for each in others):
        if other is not None:
            _take_back(session, other)


def _is_settled(session: Any) -> bool:
    """Flush what is pending; ``False`` when that is impossible."""
    from sqlalchemy.exc import SQLAlchemyError

    if session.new or session.dirty or session.deleted:
        if _is_async(session):
            return False
        try:
            session.flush()
        except SQLAlchemyError:
            session.rollback()
            return False
    return True


def _forget_relationships(session: Any, kept: list[Any]) -> None:
    from sqlalchemy import inspect

    for each in kept:
        pending = getattr(inspect(each), "_pending_mutations", {})
        loaded = [
            relationship.key
            for relationship in inspect(each.__class__).relationships
            if relationship.key in each.__dict__ or relationship.key in pending
        ]
        if loaded:
            session.expire(each, loaded)


@contextmanager
def _cold_lookups(session: Any, kept: list[Any]) -> Iterator[None]:
    """Let ``get`` and many-to-one loads miss each kept object once, as in an empty session."""
    from sqlalchemy import inspect
    from sqlalchemy.orm.base import PassiveFlag
    from sqlalchemy.util.concurrency import in_greenlet

    cold = {inspect(each).identity_key for each in kept}
    lookup = getattr(session, _LOOKUP, None)
    if not cold or lookup is None or _LOOKUP in vars(session):
        yield
        return
    is_async = _is_async(session)

    def looked_up(mapper: Any, identity: Any, identity_token: Any = None, **how: Any) -> Any:
        may_ask = how.get("passive", PassiveFlag.SQL_OK) & PassiveFlag.SQL_OK
        may_wait = not is_async or in_greenlet()
        key = mapper.identity_key_from_primary_key(_sequence(identity), identity_token)
        if may_ask and may_wait and key in cold:
            cold.discard(key)
            return None
        return lookup(mapper, identity, identity_token=identity_token, **how)

    setattr(session, _LOOKUP, looked_up)
    try:
        yield
    finally:
        with suppress(AttributeError):
            delattr(session, _LOOKUP)


def _sequence(identity: Any) -> Any:
    return identity if isinstance(identity, list | tuple) else (identity,)


def _take_back(session: Any, other: Any) -> None:
    """Let a fixture find its object where it left it, for its end."""
    from sqlalchemy import inspect
    from sqlalchemy.exc import SQLAlchemyError

    state = inspect(other)
    if state.detached and state.key not in session.identity_map:
        with suppress(SQLAlchemyError):
            session.add(other)


def _is_async(session: Any) -> bool:
    return bool(getattr(getattr(session.bind, "dialect", None), "is_async", False))
