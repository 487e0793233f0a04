"""Collections that one statement joins side by side, so that their rows multiply."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, UniqueConstraint
from sqlalchemy.orm import Load
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, Label, _anonymous_label
from sqlalchemy.sql.selectable import Alias, AliasedReturnsRows, FromClause, Join, Select

from querysafe.capture.orm import steps
from querysafe.capture.raw import Raw
from querysafe.query import CallSite
from querysafe.recording import JoinedCollections

_Join = tuple[tuple[str, ...], str]


def joined_collections(
    raws: Sequence[Raw], site_of: Callable[[Raw], CallSite | None]
) -> tuple[JoinedCollections, ...]:
    """Name the collections joined side by side, once a statement and line."""
    several = {
        statement
        for statement in {raw.cursor_statement for raw in raws}
        if joins_several(statement)
    }
    if not several:
        return ()
    found: dict[tuple[tuple[str, ...], CallSite | None], JoinedCollections] = {}
    seen: dict[tuple[int, CallSite | None], Any] = {}
    for index, raw in enumerate(raws):
        if raw.cursor_statement not in several:
            continue
        statement, site = getattr(raw.compiled, "statement", None), site_of(raw)
        if (id(statement), site) in seen:
            continue
        seen[id(statement), site] = statement
        products = list(_products(raw)) or _products_of_tables(raw)
        for names in products:
            found.setdefault(
                (names, site), JoinedCollections(query_index=index, call_site=site, names=names)
            )
    return tuple(found.values())


def joins_several(statement: str) -> bool:
    """Whether a statement joins twice or more: what multiplies rows must."""
    return "JOIN" in statement and statement.count("JOIN") > 1


def _products(raw: Raw) -> Iterator[tuple[str, ...]]:
    statement = getattr(raw.compiled, "statement", None)
    siblings: dict[tuple[str, ...], list[str]] = defaultdict(list)
    joined = (*_from_options(statement), *_from_mapping(statement, raw.cursor_statement))
    for above, name in joined:
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
                yield (
                    tuple(_name(step) for step in above if step[1].uselist),
                    _name(relationships[-1]),
                )


def _from_mapping(statement: Any, sent: str) -> Iterator[_Join]:
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
        if mapper is not None and description.get("expr") is entity:
            yield from _joined_from(mapper, (), (mapper,), told, sent)


def _joined_from(
    mapper: Any, above: tuple[str, ...], path: tuple[Any, ...], told: set[Any], sent: str
) -> Iterator[_Join]:
    """What is joined with an entity, and with that: never a mapper again that it came from."""
    for relationship in mapper.relationships:
        target = relationship.mapper
        if (
            relationship.lazy not in _JOINED
            or relationship in told
            or any(target.common_parent(each) for each in path)
            or str(target.local_table.name) not in sent
        ):
            continue
        name = _name((mapper, relationship))
        if relationship.uselist:
            yield above, name
        below = (*above, name) if relationship.uselist else above
        yield from _joined_from(target, below, (*path, target), told, sent)


_JOINED = ("joined", False)
"""``lazy=False`` is another word for it."""


def _name(step: tuple[Any, Any]) -> str:
    mapper, relationship = step
    return f"{mapper.class_.__name__}.{relationship.key}"


REMEMBERED = 1000
_known: dict[tuple[str, frozenset[Any]], list[tuple[str, ...]]] = {}
"""Answers by text and tables: where each test has an engine, it compiles all its statements anew."""


def _products_of_tables(raw: Raw) -> list[tuple[str, ...]]:
    """Tables joined by hand, two of which hold many rows for one row of a third.

    Both must give columns to the result: a join that only filters multiplies nothing
    that anybody sees.
    """
    statement = getattr(getattr(raw.compiled, "compile_state", None), "statement", None)
    if not isinstance(statement, Select) or statement._group_by_clauses or statement._distinct:
        return []
    if statement._limit_clause is not None:
        return []
    shown = {column.table for column in statement.exported_columns if _has_table(column)}
    key = raw.cursor_statement, frozenset(map(_unaliased, shown))
    known = _known.get(key)
    if known is None:
        if len(_known) >= REMEMBERED:
            _known.clear()
        known = _known[key] = list(_multiplied(statement, shown))
    return known


def _unaliased(table: Any) -> Any:
    while isinstance(table, Alias):
        table = table.element
    return table


def _multiplied(statement: Select[Any], shown: set[Any]) -> Iterator[tuple[str, ...]]:
    """Of the tables that a statement shows, those of branches that multiply each other's rows."""
    for root in statement.get_final_froms():
        above: dict[FromClause, tuple[FromClause, bool]] = {}
        _walk_joins(root, above)
        branches: dict[FromClause, tuple[int, str]] = {}
        for table in shown:
            for step in _to_root(table, above):
                if above.get(step, (None, False))[1]:
                    name = len(_to_root(table, above)), _name_of_table(table)
                    branches[step] = min(branches.get(step, name), name)
        apart: list[FromClause] = []
        for each in _leaves_first(branches, above):
            if all(each not in _to_root(other, above) for other in apart):
                apart.append(each)
        if len(apart) > 1:
            yield tuple(sorted(branches[each][1] for each in apart))
            return


def _name_of_table(table: Any) -> str:
    """Its name; what the compiler names ``anon_1`` goes by what it reads."""
    name = getattr(table, "name", None)
    if name is not None and not isinstance(name, _anonymous_label):
        return str(name)
    read = getattr(table, "element", None)
    if isinstance(read, Select):
        return "-".join(_name_of_table(each) for each in read.get_final_froms())
    return _name_of_table(read) if read is not None else "derived table"


def _has_table(column: Any) -> bool:
    return getattr(column, "table", None) is not None


def _leaves_first(
    branches: Iterable[FromClause], above: dict[FromClause, tuple[FromClause, bool]]
) -> list[FromClause]:
    """Branches, what hangs on another before that other."""
    return sorted(branches, key=lambda each: -len(_to_root(each, above)))


def _walk_joins(node: Any, above: dict[FromClause, tuple[FromClause, bool]]) -> None:
    """Note for each joined table what it is joined to, and whether it brings many rows."""
    if not isinstance(node, Join):
        return
    _walk_joins(node.left, above)
    _walk_joins(node.right, above)
    right = node.right
    if isinstance(right, Join):
        return
    own: set[Any] = set()
    owner: FromClause | None = None
    for mine, other in _equalities(node.onclause, right):
        own.add(mine)
        owner = other.table
    if owner is not None:
        above[right] = (owner, not _is_unique(right, own))


def _equalities(
    condition: Any, right: FromClause
) -> Iterator[tuple[ColumnElement[Any], ColumnElement[Any]]]:
    for element in visitors.iterate(condition):
        if isinstance(element, BinaryExpression) and element.operator is operators.eq:
            one, other = element.left, element.right
            if not (_has_table(one) and _has_table(other)):
                continue
            if one.table == right and other.table != right:
                yield one, other
            elif other.table == right and one.table != right:
                yield other, one


def _is_unique(table: FromClause, columns: set[Any]) -> bool:
    """Whether a row is known by some columns: at most one can match."""
    plain = _unaliased(table)
    if isinstance(plain, AliasedReturnsRows):
        return _is_one_of_each(table, plain.element, columns)
    names = {column.key for column in columns}
    keys = [{column.key for column in table.primary_key}]
    for constraint in getattr(plain, "constraints", ()):
        if isinstance(constraint, UniqueConstraint):
            keys.append({column.key for column in constraint.columns})
    keys += [
        {c.key for c in index.columns} for index in getattr(plain, "indexes", ()) if index.unique
    ]
    return any(key and key <= names for key in keys)


def _is_one_of_each(table: FromClause, query: Any, columns: set[Any]) -> bool:
    """Whether a derived table holds one row at most for each value of some of its columns.

    One that aggregates does for what it groups by, ``DISTINCT`` for all that it gives.
    """
    if not isinstance(query, Select):
        return False
    keys = query._distinct_on or query._group_by_clauses
    if not keys and query._distinct:
        keys = tuple(query.selected_columns)
    joined = [
        inner
        for inner, outer in zip(query.selected_columns, table.exported_columns, strict=False)
        if outer in columns
    ]
    return bool(keys) and all(any(_is_same(key, inner) for inner in joined) for key in keys)


def _is_same(key: Any, column: Any) -> bool:
    """Whether a column is the one of a key, which may name it by its label."""
    if isinstance(column, Label):
        return getattr(key, "element", key) == column.name or column.element.compare(key)
    return bool(column.compare(key))


def _to_root(
    table: FromClause, above: dict[FromClause, tuple[FromClause, bool]]
) -> list[FromClause]:
    path = [table]
    while path[-1] in above and above[path[-1]][0] not in path:
        path.append(above[path[-1]][0])
    return path
