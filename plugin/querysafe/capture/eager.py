"""Relationships that a query was told to load ahead, and whether anybody then read them.

SQLAlchemy has no event for reading a loaded attribute, so the descriptor of a
relationship named in a loader option gets a subclass that notes reads. Only
attributes so named pay for it. A relationship that is eager by its mapping is not
watched: nobody asked for it in that query.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Load
from sqlalchemy.orm.attributes import InstrumentedAttribute

from querysafe.capture.orm import Mark, mark_in, path_labels, steps

STRATEGIES = {"joined", "selectin", "subquery", "immediate"}


class EagerRequest:
    """One relationship that one SELECT asked to load ahead."""

    __slots__ = ("attribute", "before", "mark", "owner", "path", "strategy")

    def __init__(self, mark: Mark, load: "_Named") -> None:
        self.mark = mark
        self.path, self.strategy, self.attribute, self.owner = load
        self.before = _reads.get(self.attribute, 0)

    @property
    def read(self) -> bool:
        """Whether the relationship was read on any object since."""
        return _reads.get(self.attribute, 0) > self.before

    @property
    def objects(self) -> int:
        """How many objects that have the relationship this SELECT loaded, its loaders' included."""
        return (self.mark.loads or {}).get(self.owner, 0)


_Named = tuple[tuple[str, ...], str, Any, Any]
_reads: dict[Any, int] = {}
_counted: set[Any] = set()
"""Mappers whose loading is heard."""
_named: dict[int, tuple[Any, tuple[_Named, ...]]] = {}


class _Watched(InstrumentedAttribute[Any]):
    """The descriptor of a watched relationship: as before, but it counts its reads."""

    __slots__ = ()
    inherit_cache = True

    def __get__(self, instance: Any, owner: Any) -> Any:
        if instance is not None:
            _reads[self.impl] = _reads.get(self.impl, 0) + 1
        return super().__get__(instance, owner)


def watch(requests: list[EagerRequest], options: Iterable[Any], mark: Mark) -> None:
    """Note the eager loads that a statement asks for, and begin to watch them."""
    for option in options:
        if isinstance(option, Load):
            known = _named.get(id(option))
            if known is None or known[0] is not option:
                if len(_named) > 1000:
                    _named.clear()
                known = _named[id(option)] = (option, tuple(_loads_of(option)))
            if known[1] and mark.loads is None:
                mark.loads = {}
            requests += [EagerRequest(mark, load) for load in known[1]]


def _loads_of(option: Any) -> Any:
    for element in option.context:
        strategy = dict(element.strategy or ()).get("lazy")
        if strategy not in STRATEGIES or element.local_opts.get("eager_from_alias") is not None:
            continue
        relationships = steps(element.path)
        if not relationships:
            continue
        mapper, relationship = relationships[-1]
        attribute = getattr(mapper.class_, relationship.key)
        _observe(attribute, mapper)
        yield path_labels(element.path), strategy, attribute.impl, mapper


def _observe(attribute: Any, mapper: Any) -> None:
    for subclass in mapper.self_and_descendants:
        descriptor = getattr(subclass.class_, attribute.key, None)
        if type(descriptor) is InstrumentedAttribute:
            descriptor.__class__ = _Watched
    if mapper not in _counted:
        _counted.add(mapper)

        def loaded(_target: Any, context: Any) -> None:
            mark = mark_in(context.propagated_loader_options)
            if mark is not None and mark.loads is not None:
                mark.loads[mapper] = mark.loads.get(mapper, 0) + 1

        event.listen(mapper.class_, "load", loaded, propagate=True)
