"""What a database is made of: tables, columns, keys and indexes, read once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from querysafe.advice.index import Index, Key, Table

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column, as far as statistics depend on it."""

    name: str
    number: int
    type: str
    """As declared, with its length: ``character varying(50)``."""
    plain_type: str
    """Without its length."""
    base_type: str
    """What a domain stands on; otherwise the same as ``plain_type``."""
    sort: str
    """``pg_type.typtype`` of the base type: b, e (enumeration), r (range), c (composite)."""
    length: int
    """``pg_type.typlen``: bytes, or -1 when it varies."""
    not_null: bool
    default: str | None = None
    labels: tuple[str, ...] = ()

    @property
    def compared_type(self) -> str:
        """What operators and indexes see: a domain is compared as what it stands on."""
        return self.type if self.plain_type == self.base_type else self.base_type


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """An index with its place in the catalog."""

    oid: int
    name: str
    index: Index
    valid: bool
    constraint: bool
    blocks: int
    rows: float
    """``reltuples``; -1 when not known."""
    scans: int | None
    own_columns: tuple[str, ...]
    """Names of the index's own attributes, under which ``pg_stats`` has its expressions."""
    primary: bool = False
    """Whether the primary key stands on it."""
    parent: int | None = None
    """The index of the partitioned table that it is a part of."""
    partitioned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """A table with its place in the catalog."""

    oid: int
    table: Table
    kind: str
    """``pg_class.relkind``: r, p (partitioned) or m (materialised view)."""
    rows: float
    """``reltuples``; -1 when never analysed."""
    pages: int
    """``relpages``, as they were when ``rows`` was counted."""
    visible_pages: int
    blocks: int
    """Pages of the main fork now."""
    writes: float | None
    is_readable: bool
    """Whether this role sees the statistics of at least one column."""
    is_copyable: bool
    """Whether it may lock the table for reading, as pg_dump does."""
    is_filtered: bool
    """Whether row level security hides statistics from this role."""
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[tuple[tuple[str, ...], Table, tuple[str, ...]], ...]
    checks: tuple[str, ...]
    children: tuple[Table, ...]
    indexes: tuple[IndexEntry, ...]

    def column(self, name: str) -> Column | None:
        """The column of a name."""
        return next((each for each in self.columns if each.name == name), None)


Catalog = Mapping[Table, TableEntry]


def query(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    place = files("querysafe.advice.planning").joinpath("sql", f"{name}.sql")
    return place.read_text(encoding="utf-8")


def rows(connection: "Connection[Any]", name: str, **values: Any) -> list[dict[str, Any]]:
    """Run a statement of ``sql/`` and return its rows by column name."""
    from psycopg.rows import dict_row

    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name).encode(), values or None).fetchall()


def read(connection: "Connection[Any]") -> dict[Table, TableEntry]:
    """Read all tables of a database that are neither the system's nor an extension's."""
    found = rows(connection, "tables")
    oids = [each["oid"] for each in found]
    names = {each["oid"]: Table(each["schema"], each["name"]) for each in found}
    columns, keys = _columns(connection, oids), _grouped(connection, "constraints", oids)
    indexes, children = _grouped(connection, "indexes", oids, by="table_oid"), defaultdict(list)
    for each in rows(connection, "partitions", tables=oids):
        children[each["parent"]].append(names[each["child"]])
    entries = {}
    for each in found:
        oid, table = each["oid"], names[each["oid"]]
        constraints = keys.get(oid, [])
        entries[table] = TableEntry(
            oid=oid,
            table=table,
            kind=each["kind"],
            rows=each["rows"],
            pages=each["pages"],
            visible_pages=each["visible_pages"],
            blocks=each["blocks"] or 0,
            writes=None if each["writes"] is None else float(each["writes"]),
            is_readable=each["is_readable"],
            is_copyable=each["is_copyable"],
            is_filtered=each["is_filtered"],
            columns=columns.get(oid, ()),
            primary_key=next((tuple(c["columns"]) for c in constraints if c["kind"] == "p"), ()),
            foreign_keys=tuple(
                (tuple(c["columns"]), names[c["referenced"]], tuple(c["referenced_columns"]))
                for c in constraints
                if c["kind"] == "f" and c["referenced"] in names
            ),
            checks=tuple(c["condition"] for c in constraints if c["kind"] == "c"),
            children=tuple(children.get(oid, ())),
            indexes=tuple(_index(table, row) for row in indexes.get(oid, [])),
        )
    return entries


def mergeable(connection: "Connection[Any]") -> frozenset[str]:
    """Types whose equal keys a B-tree keeps once; ``character varying`` is kept as text."""
    return frozenset({"character varying", *(r["type"] for r in rows(connection, "mergeable"))})


def extensions(connection: "Connection[Any]") -> frozenset[str]:
    """Names of those that the database has."""
    found = connection.execute("SELECT extname FROM pg_extension").fetchall()
    return frozenset(name for (name,) in found)


def find(catalog: Catalog, name: str) -> Table | None:
    """The table that somebody calls ``orders`` or ``shop.orders``."""
    for table in catalog:
        if name == f"{table.schema}.{table.name}":
            return table
    found = [table for table in catalog if table.name == name]
    return next((each for each in found if each.schema == "public"), found[0] if found else None)


def ancestors(catalog: Catalog, table: Table) -> Iterator[Table]:
    """A table and those that it is a partition or a child of."""
    yield table
    for each in catalog.values():
        if table in each.children:
            yield from ancestors(catalog, each.table)


def _columns(connection: "Connection[Any]", oids: Sequence[int]) -> dict[int, tuple[Column, ...]]:
    found: dict[int, list[Column]] = defaultdict(list)
    for row in rows(connection, "columns", tables=list(oids)):
        found[row["oid"]].append(
            Column(
                name=row["name"],
                number=row["number"],
                type=row["type"],
                plain_type=row["plain_type"],
                base_type=row["base_type"],
                sort=row["sort"],
                length=row["length"],
                not_null=row["not_null"],
                default=row["default_value"],
                labels=tuple(row["labels"] or ()),
            )
        )
    return {oid: tuple(each) for oid, each in found.items()}


def _grouped(
    connection: "Connection[Any]", name: str, oids: Sequence[int], *, by: str = "oid"
) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows(connection, name, tables=list(oids)):
        found[row[by]].append(row)
    return found


def _index(table: Table, row: Mapping[str, Any]) -> IndexEntry:
    count = row["key_count"]
    options = row["options"] or [0] * count
    nothing = [""] * count
    keys = tuple(
        replace(
            _key(row["columns"][n], row["keys"][n], (row["classes"] or nothing)[n], options[n]),
            collation=(row["collations"] or nothing)[n],
        )
        for n in range(count)
    )
    index = Index(
        table=table,
        keys=keys,
        method=row["method"],
        include=tuple(row["columns"][count:]),
        where=_bare(row["condition"] or ""),
        unique=row["is_unique"],
        storage=tuple(_option(each) for each in row["storage"] or ()),
    )
    return IndexEntry(
        oid=row["oid"],
        name=row["name"],
        index=index,
        valid=row["is_valid"],
        constraint=row["is_constraint"],
        primary=row["is_primary"],
        blocks=row["blocks"] or 0,
        rows=row["rows"],
        scans=row["scans"],
        own_columns=tuple(row["own_columns"]),
        parent=row["parent"],
        partitioned=row["kind"] == "I",
    )


def _key(column: str, definition: str, operator_class: str, option: int) -> Key:
    """One key; the bits of ``indoption`` are 1 for DESC and 2 for NULLS FIRST."""
    descending, nulls_first = bool(option & 1), bool(option & 2)
    return Key(
        column=column,
        expression="" if column else _bare(definition),
        operator_class=operator_class,
        descending=descending,
        nulls_first=None if nulls_first == descending else nulls_first,
    )


def _bare(expression: str) -> str:
    """An expression without the parentheses around the whole of it."""
    while expression.startswith("(") and _closes(expression) == len(expression) - 1:
        expression = expression[1:-1]
    return expression


def _closes(expression: str) -> int:
    """Place of the parenthesis that closes the first one; those in literals do not count."""
    depth, quote = 0, ""
    for place, letter in enumerate(expression):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            depth += (letter == "(") - (letter == ")")
            if depth == 0:
                return place
    return -1


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value
