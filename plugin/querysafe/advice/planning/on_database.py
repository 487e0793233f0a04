"""A planner over the database itself: read-only, and HypoPG's indexes where it has them."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from querysafe.advice.index import Index, Table
from querysafe.advice.planner import Basis, Offer, Refused
from querysafe.advice.planning import catalog as catalogs
from querysafe.advice.planning import measuring
from querysafe.advice.planning.asking import AskingPlanner, configure
from querysafe.advice.planning.facts import Facts
from querysafe.advice.planning.reading import statistics_of

if TYPE_CHECKING:
    from psycopg import Connection

    from querysafe.postgres.target import Target

_CANDIDATE = "querysafe_candidate_"
_WITHOUT = (
    'the database has no extension "hypopg", without which only a clone can tell '
    "(CREATE EXTENSION hypopg)"
)


class DatabasePlanner(AskingPlanner):
    """Answers as the database does: its sizes, its statistics, its settings.

    The session is read-only and nothing is executed. ``structure`` makes a sequential scan the
    last resort: the answer is then whether any index could serve, and its cost means nothing.
    ``analyzes`` also executes a plan without candidates, as far as it only reads.
    """

    def __init__(
        self,
        target: "Target",
        basis: Basis,
        *,
        timeout_seconds: float = 30.0,
        structure: bool = False,
        analyzes: bool = False,
    ) -> None:
        connection = target.connect(autocommit=True)
        connection.execute("SET default_transaction_read_only = on")
        settings = {"enable_seqscan": "off"} if structure else {}
        configure(connection, settings, timeout_seconds)
        catalog = catalogs.read(connection)
        facts = Facts(catalog, statistics_of(connection, catalog), catalogs.mergeable(connection))
        super().__init__(connection, basis, facts)
        self.analyzes = analyzes
        self._schema = hypopg_schema(connection)
        self._on: frozenset[str] = frozenset()

    def offer(self, candidates: Collection[Index]) -> tuple[Sequence[Offer], Sequence[Refused]]:
        """Try each candidate as a hypothetical index; those that HypoPG cannot have are refused."""
        known = {offer.index: offer for offer in self.offers.values()}
        refused: list[Refused] = []
        offers: list[Offer] = []
        for each in dict.fromkeys(candidates):
            if each in known:
                offers.append(known[each])
                continue
            name = f"{_CANDIDATE}{len(self.offers) + 1}"
            why = _WITHOUT if self._schema is None else self._imagine(name, each)
            if why is not None:
                refused.append(Refused(what=each, why=why))
                continue
            pages = measuring.pages_of(self.connection, self.facts, each)
            offer = Offer(name=name, index=each, bytes=pages * measuring.PAGE)
            self.offers[name] = offer
            offers.append(offer)
        self._reset()
        return offers, refused

    def switch(self, names: frozenset[str], touched: frozenset[Table]) -> None:
        """Imagine exactly these candidates; HypoPG before 1.4 can hide none."""
        if names == self._on:
            return
        self._reset()
        if names:
            self._imagine_again(sorted(names))
        self._on = names

    def _imagine_again(self, names: Sequence[str]) -> None:
        """Create hypothetical indexes that were taken before, by one statement."""
        from psycopg import sql

        assert self._schema is not None
        statement = sql.SQL(
            "SELECT made.indexname, wanted.place FROM unnest(%s::text[]) WITH ORDINALITY "
            "AS wanted(statement, place), {}.hypopg_create_index(wanted.statement) AS made"
        ).format(sql.Identifier(self._schema))
        wanted = [self.offers[name].index.create(name) for name in names]
        for own_name, place in self.connection.execute(statement, (wanted,)).fetchall():
            self.names[own_name] = names[place - 1]

    def _imagine(self, name: str, index: Index) -> str | None:
        """Create a hypothetical index; say why where that cannot be."""
        import psycopg
        from psycopg import sql

        assert self._schema is not None
        statement = sql.SQL("SELECT indexname FROM {}.hypopg_create_index(%s)").format(
            sql.Identifier(self._schema)
        )
        try:
            row = self.connection.execute(statement, (index.create(name),)).fetchone()
        except psycopg.Error as error:
            return error.diag.message_primary or str(error).strip()
        if row is None:
            return "HypoPG takes no such index"
        self.names[row[0]] = name
        return None

    def _reset(self) -> None:
        from psycopg import sql

        self._on = frozenset()
        if self._schema is not None:
            self.connection.execute(
                sql.SQL("SELECT {}.hypopg_reset()").format(sql.Identifier(self._schema))
            )


def hypopg_schema(connection: "Connection[Any]") -> str | None:
    """The schema of HypoPG's functions; None where the extension is not installed."""
    row = connection.execute(
        "SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'hypopg'"
    ).fetchone()
    return row[0] if row else None
