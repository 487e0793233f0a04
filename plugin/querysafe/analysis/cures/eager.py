"""Loader options: the path from the query that loads the rows to what is read of them."""

from collections.abc import Iterable, Sequence

from querysafe.analysis.cures import expressions, names
from querysafe.query import CapturedQuery, OrmCause


def loader(path: Sequence[str], many: Sequence[bool], narrowed: Sequence[bool]) -> str:
    """``selectinload(Order.lines).joinedload(Line.product)`` for a loader path.

    Collections are loaded with ``selectinload``, single objects with ``joinedload``; a
    relationship that leads to its own class again is loaded to any depth.
    """
    steps: list[tuple[str, bool, bool, bool]] = []
    for index, label in enumerate(path):
        if steps and steps[-1][0] == label:
            steps[-1] = (*steps[-1][:3], True)
            continue
        is_many = many[index] if index < len(many) else True
        steps.append((label, is_many, index < len(narrowed) and narrowed[index], False))
    text = ""
    for position, (label, is_many, _, recursive) in enumerate(steps):
        function = "selectinload" if is_many or recursive else "joinedload"
        follower = steps[position + 1] if position + 1 < len(steps) else None
        attribute = label
        if follower is not None and follower[2]:
            attribute += f".of_type({follower[0].partition('.')[0]})"
        depth = ", recursion_depth=-1" if recursive else ""
        text += f"{'.' if text else ''}{function}({attribute}{depth})"
    return text


def of_cause(cause: OrmCause) -> str:
    """The loader option that would have made a relationship load needless."""
    return loader(cause.path, cause.many, cause.narrowed)


def narrowing(cause: OrmCause, root: CapturedQuery | None) -> tuple[str, ...]:
    """``selectin_polymorphic(Person, [Engineer])`` when the rows' query names a base class.

    SQLAlchemy ignores the loader options of a subclass for objects that a query of the base
    class loads, until that query is told to load the subclass.
    """
    named = root.orm_cause.entity if root is not None else ""
    if not cause.path or named not in cause.inherits:
        return ()
    return (f"selectin_polymorphic({named}, [{cause.path[0].partition('.')[0]}])",)


def on(
    parent: CapturedQuery | None, option: str, entity: str, *, before: Sequence[str] = ()
) -> str:
    """The parents' query with an option added, or its plainest form when it is not found.

    ``before`` are other options, which this one needs.
    """
    frame = parent.stack[0] if parent is not None and parent.stack else None
    built = expressions.find(frame)
    if built is None or not _describes(built, parent):
        named = parent.orm_cause.entity if parent is not None else ""
        options = ", ".join((*before, option))
        return names.spelled(f"select({named or entity}).options({options})", frame)
    owner = names.spelled(f"{entity}.", frame)[:-1]
    alias = expressions.alias_of(built, frame, owner)
    codes = [names.spelled(each, frame) for each in (*before, option)]
    if alias is not None:
        codes = [_on_alias(each, owner, alias) for each in codes if f"({owner}." in each]
    return expressions.with_options(built, *codes)


def _on_alias(option: str, entity: str, alias: expressions.Alias) -> str:
    """``selectinload(boss.teams)`` where the query reads ``boss = aliased(Department)``."""
    owner = alias.name if alias.entity == entity else f"{alias.name}.{entity.rpartition('.')[2]}"
    return option.replace(f"({entity}.", f"({owner}.", 1)


def _describes(built: expressions.Built, parent: CapturedQuery | None) -> bool:
    if parent is None:
        return False
    if built.sort == "other":
        return parent.orm_cause.loading == "statement" and bool(parent.orm_cause.entity)
    return True


def root_of(query: CapturedQuery, queries: dict[int, CapturedQuery]) -> CapturedQuery | None:
    """The query that the application itself sent, from which a row in the end came."""
    seen: set[int] = set()
    index = query.parent_index
    found: CapturedQuery | None = None
    while index is not None and index in queries and index not in seen:
        seen.add(index)
        found = queries[index]
        index = found.parent_index
    return found


def subclasses(queries: Iterable[CapturedQuery]) -> list[str]:
    """The classes whose own columns were loaded afterwards."""
    return sorted({query.orm_cause.entity for query in queries})
