"""Why a statement was sent, as values: what ``OrmCause`` says of it."""

from typing import Any, NamedTuple

from querysafe.capture.orm import Cause, path_labels, steps
from querysafe.capture.raw import Raw
from querysafe.query import Frame, Loading, OrmCause


def asked(raw: Raw, stack: tuple[Frame, ...]) -> OrmCause:
    """Tell of a SELECT that the application itself asked the ORM for."""
    lookup = bool(stack) and stack[0].library.rpartition(".")[2] in ("get", "get_one")
    entity, key = _entity(raw.compiled)
    return OrmCause(
        loading=Loading.STATEMENT, entity=entity, columns=key if lookup else (), lookup=lookup
    )


class Way(NamedTuple):
    """A loader path as an ``OrmCause`` tells it."""

    path: tuple[str, ...]
    many: tuple[bool, ...]
    narrowed: tuple[bool, ...]
    inherits: tuple[str, ...]


NO_WAY = Way((), (), (), ())


def loaded(cause: Cause, way: Way) -> OrmCause:
    """Tell of a SELECT that the ORM sent of its own accord."""
    return OrmCause(
        loading=Loading(cause.loading),
        path=way.path,
        owner=f"{cause.owner[0].__name__}{cause.owner[1]}" if cause.owner is not None else "",
        entity=cause.manager.mapper.class_.__name__ if cause.manager is not None else "",
        columns=tuple(sorted(cause.columns)),
        reason=cause.reason,
        many=way.many,
        narrowed=way.narrowed,
        inherits=way.inherits,
    )


def way_of(path: Any) -> Way:
    """Name the relationships of a loader path."""
    relationships = steps(path)
    return Way(
        path=path_labels(path),
        many=tuple([bool(each.uselist) for _, each in relationships]),
        narrowed=tuple(
            [
                index > 0
                and owner is not relationships[index - 1][1].mapper
                and owner.isa(relationships[index - 1][1].mapper)
                for index, (owner, _) in enumerate(relationships)
            ]
        ),
        inherits=tuple(
            [each.class_.__name__ for each in list(relationships[0][0].iterate_to_root())[1:]]
        )
        if relationships
        else (),
    )


def _entity(compiled: Any) -> tuple[str, tuple[str, ...]]:
    """Name the one class whose objects a SELECT loads and its primary key, or ""."""
    descriptions: Any = getattr(getattr(compiled, "statement", None), "column_descriptions", ())
    if len(descriptions) != 1:
        return "", ()
    entity = descriptions[0].get("entity")
    mapper = getattr(entity, "__mapper__", None)
    if mapper is None or entity is not descriptions[0].get("expr"):
        return "", ()
    keys = (mapper.get_property_by_column(column).key for column in mapper.primary_key)
    return entity.__name__, tuple(keys)
