"""Which planner answers: the database itself, or a clone with told, declared or guessed sizes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from querysafe.advice.index import Table
from querysafe.advice.planner import Assumed, Basis, Planner
from querysafe.advice.planning import catalog as catalogs
from querysafe.advice.planning.assuming import assume
from querysafe.advice.planning.catalog import Catalog
from querysafe.advice.planning.clone import clone_of
from querysafe.advice.planning.errors import NoClone, PlanningError, StatisticsError
from querysafe.advice.planning.faulty import drop, invalid
from querysafe.advice.planning.guessing import guess, learned
from querysafe.advice.planning.matching import match
from querysafe.advice.planning.on_clone import ClonePlanner
from querysafe.advice.planning.on_database import DatabasePlanner, hypopg_schema
from querysafe.advice.planning.permissions import Permissions, grants
from querysafe.advice.planning.reading import settings_of
from querysafe.advice.planning.sampling import Sampling
from querysafe.advice.planning.statistics import Statistics, load
from querysafe.postgres.target import Target

ASSUMED_ROWS = 1_000_000
"""Rows of the largest tables where nobody said how many they have."""
_BYTES = ("C", "POSIX")


@contextmanager
def open_planner(
    database_url: str,
    *,
    statistics: Path | None = None,
    rows: Mapping[str, float] | None = None,
    assumed_rows: int = ASSUMED_ROWS,
    live: bool = False,
    analyzes: bool = False,
    place: str = "auto",
    timeout_seconds: float = 30.0,
    bin_directory: Path | None = None,
) -> Iterator[Planner]:
    """Open a planner over the schema of a database, which is read and never changed.

    ``live`` asks the database itself, in read-only transactions, with HypoPG's indexes where it
    is installed; ``analyzes`` then executes what only reads, too. Otherwise a clone is asked:
    with a ``statistics`` file it decides as the database would from which that was exported;
    ``rows`` declares tables' sizes (``{"orders": 5_000_000}`` or ``{"shop.orders": …}``), the
    for the others :func:`~querysafe.advice.planning.assuming.assume` guesses them, with
    ``assumed_rows`` of the largest, and the rest is guessed from the schema. ``place`` is where
    the clone is made: ``auto``, ``server`` or ``embedded``. Raises :class:`PlanningError`,
    :class:`~querysafe.advice.planning.errors.StatisticsError` and
    :class:`~querysafe.errors.ServerError`.
    """
    source = Target.parse(database_url)
    told = load(statistics) if statistics is not None else None
    with source.connect(autocommit=True) as connection:
        catalog = catalogs.read(connection)
        settings = settings_of(connection)
        permissions = Permissions.of(connection.info.user, catalog)
        hypopg = hypopg_schema(connection) is not None
    if not catalog:
        raise PlanningError(
            f'"{source}" has no tables that this role may see',
            hint="create the schema first: alembic upgrade head",
        )
    if live:
        words = f'sizes and statistics of "{source}" itself; {_imagined(hypopg)}'
        basis = Basis(name="database", words=words)
        with closing(
            DatabasePlanner(source, basis, timeout_seconds=timeout_seconds, analyzes=analyzes)
        ) as planner:
            planner.permissions = permissions
            yield planner
        return
    by_bytes = told is not None and told.collation in _BYTES
    with ExitStack() as stack:
        try:
            clone = stack.enter_context(
                clone_of(source, place=place, sorts_by_bytes=by_bytes, bin_directory=bin_directory)
            )
        except NoClone as error:
            if place != "auto":
                raise
            cure = f" ({error.hint})" if error.hint else ""
            words = (
                f"only the structure: {error.message}{cure}. It says whether an index could serve, "
                f"and no cost; {_imagined(hypopg)}"
            )
            basis = Basis(name="structure", words=words, priced=False)
            asked = DatabasePlanner(source, basis, timeout_seconds=timeout_seconds, structure=True)
            asked.permissions = permissions
            yield stack.enter_context(closing(asked))
            return
        with clone.target.connect(autocommit=True) as connection:
            faulty = invalid(catalog)
            drop(connection, faulty)
            arrived = catalogs.read(connection)
        known, basis = _known(arrived, told, rows or {}, assumed_rows, statistics, clone.own)
        if told is None and clone.own is not None:
            known, count = learned(known, clone.own, arrived)
            if count:
                words = f"{basis.words}, and value lists of {count} column{'s' * (count != 1)} from its own rows"
                basis = replace(basis, words=words)
        on_clone = ClonePlanner(
            clone.target,
            replace(
                basis,
                words=f"{basis.words}; planned on {clone.words}"
                + _left_out(catalog, arrived, permissions),
            ),
            known,
            settings={**settings, **(told.settings if told else {})},
            timeout_seconds=timeout_seconds,
            dense=not clone.growable,
            sampler=stack.enter_context(closing(Sampling(source))),
        )
        on_clone.permissions = permissions
        on_clone.faulty = faulty
        yield stack.enter_context(closing(on_clone))


def _left_out(catalog: Catalog, arrived: Catalog, permissions: Permissions) -> str:
    """The tables that a clone lacks, and those of them that a right would bring."""
    missing = sorted(table for table in catalog if table not in arrived)
    if not missing:
        return ""
    names = _some([f"{table.schema}.{table.name}" for table in missing])
    hidden = [table for table in missing if table in permissions.hidden]
    if not hidden:
        return f"; left out: {names}"
    return (
        f'; left out: {names}, which the role "{permissions.role}" may not read '
        f"({_some([grants([table], permissions.role) for table in hidden], 2)})"
    )


def _some(names: Sequence[str], most: int = 10) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _imagined(hypopg: bool) -> str:
    return (
        "indexes that are not there are HypoPG's"
        if hypopg
        else "indexes that are not there cannot be tried (CREATE EXTENSION hypopg)"
    )


def _known(
    catalog: Catalog,
    told: Statistics | None,
    declared: Mapping[str, float],
    most: int,
    file: Path | None,
    own: Statistics | None,
) -> tuple[Statistics, Basis]:
    """The statistics of all tables, each from the best source, and what to say of it."""
    counts = _declared(catalog, declared)
    if told is None:
        assumed = assume(catalog, counts, most, own)
        statistics = guess(catalog, _of_all(catalog, counts, assumed))
        if counts:
            others = f", {len(assumed)} others assumed" if assumed else ""
            words = f"declared row counts of {len(counts)} table{'s' * (len(counts) != 1)}{others}"
        else:
            words = f"row counts are assumed, {most:,} of the largest tables"
        return statistics, Basis(
            name="declared" if counts else "assumed",
            words=f"{words}; statistics guessed from the schema",
            assumed=_ranked(assumed),
        )
    matched = match(told, catalog)
    if told.tables and not matched.statistics.tables:
        raise StatisticsError(
            f'"{file}" is of another schema: the database has none of its {len(told.tables)} tables '
            f"({_some([f'{t.schema}.{t.name}' for t in matched.absent], 3)})",
            hint="export the statistics of the database that has this one's schema",
        )
    counted = {t: each.rows for t, each in matched.statistics.tables.items() if each.rows >= 0}
    assumed = assume(catalog, {**counted, **counts}, most)
    guessed = guess(catalog, _of_all(catalog, {**counted, **counts}, assumed))
    tables = {**guessed.tables, **matched.statistics.tables}
    for table, each in matched.statistics.tables.items():
        columns = {**guessed.tables[table].columns, **each.columns}
        tables[table] = replace(each, columns=columns)
    taken = f" of {told.taken}" if told.taken else ""
    words = f'production statistics from "{file}"{taken} (PostgreSQL {told.version // 10000})'
    return replace(matched.statistics, tables=tables), Basis(
        name="statistics",
        words=words + matched.words(),
        assumed=_ranked({t: each for t, each in assumed.items() if t not in told.tables}),
    )


def _ranked(assumed: Mapping[Table, Assumed]) -> tuple[Assumed, ...]:
    return tuple(sorted(assumed.values(), key=lambda each: (-each.rows, each.table)))


def _declared(catalog: Catalog, declared: Mapping[str, float]) -> dict[Table, float]:
    counts: dict[Table, float] = {}
    for name, count in declared.items():
        table = catalogs.find(catalog, name)
        if table is None:
            raise PlanningError(
                f'rows are declared for "{name}", and there is no such table',
                hint="write the name as in the database, with its schema where that is not public",
            )
        if count < 0:
            raise PlanningError(f'"{name}" cannot have {count:g} rows')
        counts[table] = float(count)
    return counts


def _of_all(
    catalog: Catalog, counts: Mapping[Table, float], assumed: Mapping[Table, Assumed]
) -> dict[Table, float]:
    """Rows of every table; a partitioned one's are shared among its partitions."""
    found: dict[Table, float] = {}

    def spread(table: Table, count: float) -> None:
        children = catalog[table].children
        found[table] = count
        for child in children:
            spread(child, counts.get(child, count / len(children)))

    inner = {child for entry in catalog.values() for child in entry.children}
    for table in catalog:
        if table not in inner:
            spread(table, counts[table] if table in counts else assumed[table].rows)
    return found
