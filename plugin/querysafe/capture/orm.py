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
"""The compile options of a SELECT that an application wrote and that was compiled before;
loaders set their own, and so does the first compilation."""


class Mark(UserDefinedOption):
    """Travels with the rows of one SELECT, and is that SELECT's identity."""

    __slots__ = ("loads", "parent", "session", "stack")
    propagate_to_loaders = True
    payload = None
    session: int
    parent: "Mark | None"
    """That of the SELECT whose rows led to this one, until it is sent: kept longer, the marks
    of an object that is loaded again and again would become a chain without end."""
    stack: "Stack"
    """Where the SELECT was asked for."""
    loads: dict[Any, int] | None
    """Objects that it and its loaders brought, by mapper, where somebody waits for them."""

    def __reduce__(self) -> tuple[type[UserDefinedOption], tuple[()]]:
        """A pickled object carries an option that says nothing, and can be read without us."""
        return UserDefinedOption, ()


def mark(state: Any, stack: "Stack") -> Mark:
    """Add a mark to the statement about to run, without disturbing its cached key.

    ``Select.options`` would do the same but drops what SQLAlchemy has memoized of a
    statement that an application keeps and runs again (20 µs a query).

    The mark takes the place of the one that came with the rows, and is always the last
    option: SQLAlchemy pairs the options of a statement with those of the equal one that it
    compiled first, by position.
    """
    made = _new(Mark)
    made.session = state.session.hash_key
    made.stack = stack
    statement = state.statement
    options = statement._with_options
    made.parent = made.loads = None
    if options:
        made.parent = parent = mark_in(options)
        if parent is not None:
            made.loads = parent.loads
        options = tuple([option for option in options if option.__class__ is not Mark])
    options = (*options, made)
    try:
        copy = _new(statement.__class__)
        copy.__dict__ = {**statement.__dict__, "_with_options": options}
        if copy._with_options is not options:
            raise AttributeError
    except (AttributeError, TypeError):
        copy = statement.options(made)
    state.statement = copy
    return made


def shorten(state: Any) -> None:
    """Begin a lazy load's path anew where it is long, if a mark is all that travels along it.

    Without an option on the parents' query, SQLAlchemy knows a lazy load by its own
    relationship; with one, marks included, by the whole way to it, and from the fifth
    step on it compiles each statement anew: a tree walked upwards took twice the time.
    """
    statement = state.statement
    compile_options: Any = getattr(statement, "_compile_options", None)
    path = getattr(compile_options, "_current_path", None)
    if path is None or len(path) < LONG or len(statement._with_options) > 1:
        return
    owner = state.load_options._lazy_loaded_from
    if owner is not None:
        own = owner.mapper._path_registry[path.prop]
        statement._compile_options = compile_options + {"_current_path": own}


LONG = 10
"""Elements of a path, two for each relationship; SQLAlchemy gives up beyond ten."""


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


def cause_of(statement: Any, own: Mark, load_options: Any) -> Cause | None:
    """Read from an ORM SELECT about to be sent why it is; ``None`` when somebody asked for it.

    ``load_options`` is ``None`` where SQLAlchemy has nothing to say in them.
    """
    load_options = load_options or QueryContext.default_load_options
    compile_options = getattr(statement, "_compile_options", None)
    path = getattr(compile_options, "_current_path", None)
    owner = load_options._lazy_loaded_from
    if owner is not None:
        return _tuple(Cause, ("lazy", own.parent, path, owner.key, owner.manager, (), ""))
    if getattr(compile_options, "_for_refresh_state", False):
        owner = load_options._refresh_state
        if owner is None:
            return Cause("column", own.parent, None, None, None, (), "")
        columns = getattr(compile_options, "_only_load_props", None) or ()
        reason = _reason(owner, columns, load_options)
        return Cause("column", own.parent, None, owner.key, owner.manager, columns, reason)
    if path is None or path.is_root:
        return None
    return Cause("eager", own.parent, path, None, None, (), "")


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
