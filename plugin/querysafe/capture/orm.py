"""What the ORM says of a statement: its cause, its parents' query, the flush it belongs to.

Everything comes from ``SessionEvents``. The parents' query is known because each
recorded SELECT carries a ``UserDefinedOption`` with ``propagate_to_loaders``, which
SQLAlchemy keeps on the instances that it loads and hands to the lazy loads they cause.
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.orm.context import QueryContext
from sqlalchemy.orm.interfaces import UserDefinedOption
from sqlalchemy.sql.selectable import SelectState

if TYPE_CHECKING:
    from querysafe.capture.call_site import Stack

flush_serial: ContextVar[int] = ContextVar("querysafe_flush", default=0)
_new = object.__new__
_tuple = tuple.__new__
PLAIN = SelectState.default_select_compile_options
"""The compile options of a SELECT that an application wrote: loaders set their own."""


class Mark(UserDefinedOption):
    """Travels with the rows of one SELECT, and is that SELECT's identity."""

    __slots__ = ("session", "stack")
    propagate_to_loaders = True
    payload = None
    session: int
    stack: "Stack | None"
    """Where the SELECT was asked for; ``None`` where another process did."""

    def __init__(self) -> None:
        self.session = 0
        self.stack = None

    def __reduce__(self) -> tuple[type["Mark"], tuple[()]]:
        return Mark, ()


def mark(state: Any, stack: "Stack") -> Mark:
    """Add a mark to the statement about to run, without disturbing its cached key.

    ``Select.options`` would do the same but drops what SQLAlchemy has memoized of a
    statement that an application keeps and runs again (20 µs a query).
    """
    made = _new(Mark)
    made.session = state.session.hash_key
    made.stack = stack
    statement = state.statement
    options = (*statement._with_options, made)
    try:
        copy = _new(statement.__class__)
        copy.__dict__ = {**statement.__dict__, "_with_options": options}
        if copy._with_options is not options:
            raise AttributeError
    except (AttributeError, TypeError):
        copy = statement.options(made)
    state.statement = copy
    return made


def mark_in(options: Any) -> Mark | None:
    """The mark of a statement among its options: the last one, if it has any."""
    for option in reversed(options):
        if option.__class__ is Mark:
            return option
    return None


class Cause(NamedTuple):
    """Why the ORM sent a SELECT that nobody wrote; made readable only on demand."""

    loading: str
    """``lazy``, ``eager`` or ``column``."""
    parent: Mark | None
    """Of the SELECT that loaded the owner."""
    path: Any
    """The loader path, down to the relationship; ``None`` for columns."""
    owner: Any
    """Identity key of the object whose attribute was read."""
    manager: Any
    """The class manager of that object."""
    columns: Any
    reason: str


def cause_of(statement: Any, options: Any, load_options: Any) -> Cause | None:
    """Read from an ORM SELECT about to be sent why it is; ``None`` when somebody asked for it.

    ``load_options`` is ``None`` where SQLAlchemy has nothing to say in them.
    """
    load_options = load_options or QueryContext.default_load_options
    compile_options = getattr(statement, "_compile_options", None)
    path = getattr(compile_options, "_current_path", None)
    owner = load_options._lazy_loaded_from
    if owner is not None:
        return _tuple(Cause, ("lazy", _parent_in(options), path, owner.key, owner.manager, (), ""))
    if getattr(compile_options, "_for_refresh_state", False):
        owner = load_options._refresh_state
        if owner is None:
            return Cause("column", _parent_in(options), None, None, None, (), "")
        columns = getattr(compile_options, "_only_load_props", None) or ()
        reason = _reason(owner, columns, load_options)
        return Cause("column", _parent_in(options), None, owner.key, owner.manager, columns, reason)
    if path is None or path.is_root:
        return None
    return Cause("eager", _parent_in(options), path, None, None, (), "")


def _parent_in(options: Any) -> Mark | None:
    """The mark that a loader's statement has from the SELECT of its owner, before its own."""
    own = None
    for option in reversed(options):
        if option.__class__ is Mark:
            if own is not None:
                return option
            own = option
    return None


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
