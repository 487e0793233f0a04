"""Candidate indexes for one table of one plan."""

from collections.abc import Iterator, Sequence
from itertools import islice

from querysafe.advice.candidates.candidate import Candidate
from querysafe.advice.candidates.constants import Constants
from querysafe.advice.candidates.expressions import (
    Column,
    Expression,
)
from querysafe.advice.candidates.keys import (
    ascending,
    distinct_keys,
    gives_text,
    is_indexable,
    key_of,
    keys_of,
    pattern_class,
)
from querysafe.advice.candidates.plans import Access
from querysafe.advice.candidates.predicates import Predicate, Sort, predicates
from querysafe.advice.index import Index, Key, Table
from querysafe.advice.planner import Planner, Relation

MOST = 40
"""Candidates of one table of one statement."""
_MOST_KEYS = 4
_MOST_INCLUDED, _MOST_BYTES = 6, 120
_MOST_TEXT = 48
"""Average bytes of a text without a limit that is carried: an entry of 2704 bytes is refused."""
_WIDE = ("json", "jsonb", "text[]", "tsvector", "bytea", "xml")
_BRIN_ROWS, _BRIN_ROWS_IF_UNKNOWN = 100_000, 5_000_000
_FOLLOWS = 0.9
"""Correlation from which on the rows of a table lie in the order of a column."""
_MANY_NULLS = 0.15
"""Share of NULLs from which on an index is noticeably smaller without them."""
_TEXTS = ("text", "character varying", "character(", "bytea")


class Proposing:
    """Proposes indexes for what plans read; remembers what the planner says of columns."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._relations = planner.relations()
        self._distinct: dict[tuple[Table, str], float | None] = {}

    def distinct(self, table: Table, column: str) -> float | None:
        """Distinct values of a column, in values."""
        if (table, column) not in self._distinct:
            self._distinct[table, column] = self._planner.distinct(table, column)
        return self._distinct[table, column]

    def null_fraction(self, table: Table, column: str) -> float | None:
        """Share of NULLs of a column, 0 to 1."""
        return self._planner.null_fraction(table, column)

    def width(self, table: Table, column: str) -> int | None:
        """Average bytes of a column."""
        return self._planner.width(table, column)

    def follows(self, relation: Relation, column: str) -> bool:
        """Whether the rows of a table are many and lie in the order of a column."""
        found = self._planner.correlation(relation.table, column)
        if found is None:
            return relation.rows >= _BRIN_ROWS_IF_UNKNOWN
        return relation.rows >= _BRIN_ROWS and abs(found) >= _FOLLOWS

    def predicates(self, access: Access, relation: Relation) -> list[Predicate]:
        """All that the conditions of an access ask of its table, OR's arms too."""
        return [
            each
            for condition in access.conditions
            for each in predicates(condition, access.alias, relation.columns)
        ]

    def propose(
        self, access: Access, relation: Relation, constants: Constants
    ) -> Iterator[Candidate]:
        """Indexes that could serve an access, the plainest first, each once."""
        asked = _Asked(self, access, relation, constants)
        seen: set[Index] = set()
        for candidate in islice(asked.candidates(), MOST * 3):
            if candidate.index not in seen and len(seen) < MOST:
                seen.add(candidate.index)
                yield candidate


class _Asked:
    """What one access asks of its table, sorted by how an index can serve it."""

    def __init__(
        self, proposing: Proposing, access: Access, relation: Relation, constants: Constants
    ) -> None:
        self._proposing = proposing
        self._access = access
        self._relation = relation
        self._table = relation.table
        conjoined: list[Predicate] = []
        alternative: list[Predicate] = []
        self._sources: dict[Predicate, list[Expression]] = {}
        """The conditions that say no more than a predicate does."""
        for condition in access.conditions:
            found = predicates(condition, access.alias, relation.columns)
            (conjoined if len(found) == 1 or _is_row(found) else alternative).extend(found)
            if len(found) == 1:
                self._sources.setdefault(found[0], []).append(condition)
        usable = [each for each in conjoined if is_indexable(each.key)]

        def distinct(each: Predicate) -> float:
            if not isinstance(each.key, Column):
                return 1e9
            return proposing.distinct(self._table, each.key.name) or 1.0

        def is_constant(each: Predicate) -> bool:
            column = each.key.name if isinstance(each.key, Column) else ""
            few = proposing.distinct(self._table, column) if column else None
            return constants.is_constant(each, few)

        equal = [each for each in usable if each.sort is Sort.EQUAL]
        self.fixed = [each for each in usable if is_constant(each)]
        self.joins = _unique([each for each in equal if each.join])
        self.absent = {
            each.key.name
            for each in usable
            if isinstance(each.key, Column)
            and each.sort in (Sort.EQUAL, Sort.RANGE)
            and not each.always
            and (proposing.null_fraction(self._table, each.key.name) or 0.0) >= _MANY_NULLS
        }
        """Columns of many NULLs, none of which the statement finds."""
        self.equal = _unique(
            sorted((each for each in equal if not each.join), key=lambda each: -distinct(each))
        )
        self.ranges = _unique([each for each in usable if each.sort is Sort.RANGE])
        self.others = _unique(
            [
                each
                for each in (*usable, *(each for each in alternative if is_indexable(each.key)))
                if each.sort in (Sort.PREFIX, Sort.SUBSTRING, Sort.CONTAINS, Sort.OVERLAPS)
            ]
        )
        self.alternative = _unique(
            [
                each
                for each in alternative
                if each.sort in (Sort.EQUAL, Sort.RANGE) and is_indexable(each.key)
            ]
        )

    def candidates(self) -> Iterator[Candidate]:
        few, many = self._subsets()
        sequences = list(self._sequences())
        for fixed in (few, many):
            for keys, words in sequences:
                yield from self._made(keys, words, fixed)
        for each in self.others:
            yield from self._special(each)
        yield from self._summary()
        yield from self._hashed()

    def _sequences(self) -> Iterator[tuple[tuple[Key, ...], str]]:
        """Keys of B-trees: equality first, then one range or an order."""
        equal = tuple(key_of(each.key) for each in self.equal)
        single = tuple(key_of(each.key) for each in self.equal if not each.many)
        lists = tuple(key for key in equal if key not in single)
        joins = tuple(key_of(each.key) for each in self.joins)
        ranges = tuple(key_of(each.key) for each in self.ranges)
        orders = [order for order in map(keys_of, self._access.orders) if order]
        leads = [(), *((each,) for each in joins)]
        if len(joins) > 1:
            leads.append(joins)
        for key in (*joins, *equal, *ranges, *(key_of(each.key) for each in self.alternative)):
            yield (key,), "finds rows by"
        for lead in leads:
            if len(lead) + len(equal) > 1:
                yield (*lead, *equal), "finds rows by"
            for key in ranges:
                if lead or equal:
                    yield (*lead, *equal, key), "finds rows by"
            for order in orders:
                yield (*lead, *single, *order), "finds rows in their order by"
                if lists:
                    yield (*lead, *single, *order, *lists), "finds rows in their order by"
            if lead and equal:
                yield (*equal, *lead), "finds rows by"
        for column in self._access.extremes:
            yield (*single, Key(column.name)), "gives the extreme of"
        for group in self._access.groups:
            keys = tuple(Key(each.name) for each in group if isinstance(each, Column))
            if keys and len(keys) == len(group):
                yield (*single, *keys), "gives groups by"
        for key in (*equal, *ranges):
            for other in ranges:
                if key != other:
                    yield (key, other), "finds rows by"

    def _made(
        self, keys: Sequence[Key], words: str, subsets: Sequence[tuple[Predicate, ...]]
    ) -> Iterator[Candidate]:
        """An index on the keys: plain, covering, and on the rows that fixed conditions leave."""
        for fixed in subsets:
            gone = {str(each.key) for each in fixed if each.sort is Sort.EQUAL and not each.many}
            left = distinct_keys([key for key in keys if key.target.strip("()") not in _bare(gone)])
            left = left[:_MOST_KEYS]
            if not left:
                if not fixed or not keys:
                    continue
                left = list(keys[-1:])
            where = " AND ".join(dict.fromkeys(each.condition for each in fixed))
            index = Index(self._table, ascending(tuple(left)), where=where)
            yield Candidate(index, _words(words, index))
            if not where and index.keys[0].column in self.absent:
                present = Index(
                    self._table, index.keys, where=f"{index.keys[0].target} IS NOT NULL"
                )
                yield Candidate(present, _words(words, present))
            included = self._included(index, fixed)
            if included:
                covering = Index(self._table, index.keys, include=included, where=where)
                yield Candidate(covering, _words(words, covering))

    def _subsets(self) -> tuple[list[tuple[Predicate, ...]], list[tuple[Predicate, ...]]]:
        """Which fixed conditions become the predicate of a partial index: first none and all,
        then some.
        """
        null = tuple(each for each in self.fixed if each.always or each.sort is Sort.FIXED)
        first = list(dict.fromkeys([(), tuple(self.fixed)]))
        more = dict.fromkeys([null, *((each,) for each in self.fixed)])
        return first, [each for each in more if each not in first]

    def _included(self, index: Index, fixed: Sequence[Predicate]) -> tuple[str, ...]:
        """The other columns that the statement reads, where they are few and narrow.

        What the predicate of a partial index asks already is not looked at again.
        """
        held = {key.column for key in index.keys}
        settled = [condition for each in fixed for condition in self._sources.get(each, ())]
        needed = self._access.needed(settled)
        more = [name for name in self._relation.columns if name in needed - held]
        if not needed or not 0 < len(more) <= _MOST_INCLUDED:
            return ()
        if any(self._relation.columns[name].startswith(_WIDE) for name in more):
            return ()
        widths = {name: self._proposing.width(self._table, name) or 0 for name in more}
        if sum(widths.values()) > _MOST_BYTES or any(
            width > _MOST_TEXT and self._relation.columns[name] in ("text", "character varying")
            for name, width in widths.items()
        ):
            return ()
        if any(key.expression for key in index.keys):
            return ()
        return tuple(more)

    def _special(self, each: Predicate) -> Iterator[Candidate]:
        """Kinds of index for what no B-tree serves."""
        equal = tuple(key_of(other.key) for other in self.equal if not other.many)[:2]
        if each.sort is Sort.PREFIX:
            key = key_of(each.key, "" if each.type == "citext" else pattern_class(each.type))
            every = [each for some in self._subsets() for each in some]
            yield from self._made((key,), "finds beginnings in", every)
            if equal:
                yield from self._made((*equal, key), "finds beginnings in", every)
        elif each.sort is Sort.SUBSTRING:
            index = Index(
                self._table, (key_of(each.key, "gin_trgm_ops"),), "gin", extensions=("pg_trgm",)
            )
            yield from self._partial(index, "finds parts of words in")
        elif each.sort is Sort.OVERLAPS:
            yield from self._partial(
                Index(self._table, (key_of(each.key),), "gist"), "finds overlaps in"
            )
        else:
            narrow = each.type == "jsonb" and each.operator in ("@>", "@?", "@@")
            key = key_of(each.key, "jsonb_path_ops" if narrow else "")
            yield from self._partial(
                Index(self._table, (key,), "gin"), "finds what is contained in"
            )
            if narrow:
                yield Candidate(
                    Index(self._table, (key_of(each.key),), "gin"),
                    f"finds what is contained in {each.key}",
                )

    def _partial(self, index: Index, words: str) -> Iterator[Candidate]:
        for fixed in (each for some in self._subsets() for each in some):
            where = " AND ".join(dict.fromkeys(each.condition for each in fixed))
            made = Index(
                index.table, index.keys, index.method, where=where, extensions=index.extensions
            )
            yield Candidate(made, _words(words, made))

    def _summary(self) -> Iterator[Candidate]:
        """BRIN for a huge table whose rows lie in the order of a column."""
        for each in self.ranges:
            if isinstance(each.key, Column) and self._proposing.follows(
                self._relation, each.key.name
            ):
                index = Index(
                    self._table,
                    (Key(each.key.name),),
                    "brin",
                    storage=(("pages_per_range", "32"),),
                )
                yield Candidate(index, f"skips blocks by {each.key}, which follows the rows' order")

    def _hashed(self) -> Iterator[Candidate]:
        """A hash index for long texts that are looked up whole: it keeps four bytes of each."""
        for each in (*self.joins, *self.equal, *self.alternative):
            if each.sort is not Sort.EQUAL or each.many or each.always or each.operator != "=":
                continue
            if each.type.startswith(_TEXTS) or (not each.type and gives_text(each.key)):
                index = Index(self._table, (key_of(each.key),), "hash")
                yield Candidate(index, _words("finds long values whole in", index))


def _is_row(found: Sequence[Predicate]) -> bool:
    return len(found) > 1 and all(each.sort is Sort.RANGE for each in found)


def _bare(targets: set[str]) -> set[str]:
    return {each.strip("()") for each in targets}


def _unique(found: Sequence[Predicate]) -> list[Predicate]:
    firsts: dict[str, Predicate] = {}
    for each in found:
        firsts.setdefault(str(each.key), each)
    return list(firsts.values())


def _words(words: str, index: Index) -> str:
    """A clause that says what an index serves."""
    text = f"{words} {', '.join(key.target for key in index.keys)}"
    if index.where:
        text += f" among those with {index.where}"
    if index.include:
        text += ", and answers without the table"
    return text
