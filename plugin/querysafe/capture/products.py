"""Collections that one statement joins side by side, so that their rows multiply."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy.orm import Load

from querysafe.capture.orm import steps
from querysafe.capture.raw import Raw
from querysafe.query import CallSite
from querysafe.recording import JoinedCollections

_Join = tuple[tuple[str, ...], str]


def joined_collections(
    records: Iterable[tuple[int, Raw, CallSite | None]],
) -> tuple[JoinedCollections, ...]:
    """Name the collections joined side by side, once a statement and line."""
    found = {}
    seen: dict[int, Any] = {}
    for index, raw, site in records:
        statement = getattr(raw.compiled, "statement", None)
        if statement is None or not raw.serial or (id(statement), site) in seen:
            continue
        seen[id(statement), site] = statement
        for names in _products(statement):
            found.setdefault(
                (names, site), JoinedCollections(query_index=index, call_site=site, names=names)
            )
    return tuple(found.values())


def _products(statement: Any) -> Iterator[tuple[str, ...]]:
    siblings: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for above, name in (*_from_options(statement), *_from_mapping(statement)):
        if name not in siblings[above]:
            siblings[above].append(name)
    for names in siblings.values():
        if len(names) > 1:
            yield tuple(names)


def _from_options(statement: Any) -> Iterator[_Join]:
    """Collections joined by ``joinedload`` and ``contains_eager``."""
    for option in getattr(statement, "_with_options", ()):
        if not isinstance(option, Load):
            continue
        for element in option.context:
            relationships = steps(element.path)
            strategy = dict(element.strategy or ()).get("lazy")
            if strategy == "joined" and relationships and relationships[-1][1].uselist:
                above = relationships[:-1]
                yield tuple(_name(step) for step in above if step[1].uselist), _name(
                    relationships[-1]
                )


def _from_mapping(statement: Any) -> Iterator[_Join]:
    """Collections that the mapping itself declares ``lazy="joined"``, unless an option differs."""
    told = {
        relationships[-1][1]
        for option in getattr(statement, "_with_options", ())
        if isinstance(option, Load)
        for element in option.context
        if element.strategy is not None and (relationships := steps(element.path))
    }
    for description in getattr(statement, "column_descriptions", ()):
        entity = description.get("entity")
        mapper = getattr(entity, "__mapper__", None)
        if mapper is None or description.get("expr") is not entity:
            continue
        for relationship in mapper.relationships:
            if relationship.lazy == "joined" and relationship.uselist and relationship not in told:
                yield (), f"{entity.__name__}.{relationship.key}"


def _name(step: tuple[Any, Any]) -> str:
    mapper, relationship = step
    return f"{mapper.class_.__name__}.{relationship.key}"
