"""What the ORM says of a statement: its cause, its parents' query, the flush it belongs to.

Everything comes from ``SessionEvents``. The parents' query is known because each
recorded SELECT carries a ``UserDefinedOption`` with ``propagate_to_loaders``, which
SQLAlchemy keeps on the instances that it loads and hands to the lazy loads they cause.
"""

from contextvars import ContextVar
from typing import Any

from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.orm.interfaces import UserDefinedOption

flush_serial: ContextVar[int] = ContextVar("querysafe_flush", default=0)


class Mark(UserDefinedOption):
    """Travels with the rows of one SELECT; its payload is the serial number of that SELECT."""

    __slots__ = ()
    propagate_to_loaders = True

    def __reduce__(self) -> tuple[type["Mark"], tuple[int]]:
        return Mark, (0,)


def mark(state: Any, serial: int) -> None:
    """Add a mark to the statement about to run, without disturbing its cached key.

    ``Select.options`` would do the same but drops what SQLAlchemy has memoized of a
    statement that an application keeps and runs again (20 µs a query).
    """
    statement = state.statement
    options = statement._with_options
    try:
        copy = statement.__class__.__new__(statement.__class__)
        copy.__dict__.update(statement.__dict__)
        copy.__dict__["_with_options"] = (*options, Mark(serial))
    except (AttributeError, TypeError):
        copy = statement.options(Mark(serial))
    state.statement = copy


class Cause:
    """Why one ORM SELECT runs, as told by ``do_orm_execute``; made readable only on demand."""

    __slots__ = (
        "columns",
        "loading",
        "owner",
        "owner_class",
        "parent",
        "path",
        "reason",
        "session",
    )

    def __init__(self, loading: str, session: int) -> None:
        self.loading = loading
        self.session = session
        self.path: Any = None
        self.owner: Any = None
        self.owner_class: Any = None
        self.parent: Any = 0
        self.columns: Any = ()
        self.reason = ""


def cause_of(state: Any) -> Cause:
    """Read why a SELECT runs from the event's state."""
    statement = state.statement
    load_options = state.load_options
    cause = Cause("statement", state.session.hash_key)
    compile_options = getattr(statement, "_compile_options", None)
    owner = load_options._lazy_loaded_from
    if owner is not None:
        cause.loading = "lazy"
        cause.path = compile_options._current_path if compile_options is not None else None
    elif getattr(compile_options, "_for_refresh_state", False):
        owner = load_options._refresh_state
        cause.loading = "column"
        if owner is not None:
            cause.columns = getattr(compile_options, "_only_load_props", None) or ()
            cause.reason = _reason(owner, cause.columns, load_options)
    else:
        path = getattr(compile_options, "_current_path", None)
        if path is None or path.is_root:
            return cause
        cause.loading = "eager"
        cause.path = path
    for option in reversed(statement._with_options):
        if option.__class__ is Mark:
            cause.parent = option.payload
            break
    if owner is not None:
        cause.owner = owner.key
        cause.owner_class = owner.mapper
    return cause


def _reason(owner: Any, columns: Any, load_options: Any) -> str:
    if getattr(load_options, "_is_user_refresh", False):
        return "refresh"
    base = owner.mapper.inherits
    if base is not None and columns and not any(name in base.attrs for name in columns):
        return "polymorphic"
    if not columns or owner.expired or any(name in owner.expired_attributes for name in columns):
        return "expired"
    return "deferred"


def steps(path: Any) -> tuple[tuple[Any, Any], ...]:
    """The relationships of a loader path, each with the mapper that it is read on."""
    found: list[tuple[Any, Any]] = []
    owner: Any = None
    for element in getattr(path, "path", ()):
        if isinstance(element, RelationshipProperty):
            if owner is not None:
                found.append((owner, element))
        else:
            owner = getattr(element, "mapper", owner)
    return tuple(found)


def path_labels(path: Any) -> tuple[str, ...]:
    """Name the relationships of a loader path: ``("Order.lines", "Line.product")``.

    A relationship read on a subclass is named after the class that it was read on.
    """
    return tuple(f"{owner.class_.__name__}.{each.key}" for owner, each in steps(path))
