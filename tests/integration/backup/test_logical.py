"""A logical backup: created, verified, restored, refused."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from querysafe.postgres.cluster import Database
from tests.integration.backup.cli import create, damage, execute, listed, rows, run, told

SCHEMA = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
QUERIES = (
    'SELECT t::text FROM "Möbel 😀" AS t ORDER BY id',
    "SELECT tableoid::regclass::text, e::text FROM event AS e ORDER BY 1",
    "SELECT e::text, h::text FROM egg AS e JOIN hen AS h ON h.egg = e.id",
    "SELECT m::text FROM moods AS m ORDER BY 1",
    "SELECT word FROM cache",
    "SELECT lo_get(oid) FROM pg_largeobject_metadata",
    "SELECT polname, polrelid::regclass::text FROM pg_policy",
    "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0 ORDER BY 1",
    "SELECT extname FROM pg_extension ORDER BY 1",
)


@pytest.fixture
def shop(querysafe_postgres: Database) -> Database:
    execute(querysafe_postgres.dsn, SCHEMA)
    return querysafe_postgres


@pytest.fixture
def beside(querysafe_postgres: Database) -> Iterator[Callable[[str], str]]:
    """The address of another database of the server; it and what it left are dropped."""
    cluster, name = querysafe_postgres.cluster, querysafe_postgres.name
    yield lambda suffix: cluster.url(f"{name}{suffix}", driver="")
    for (left,) in rows(cluster.url(driver=""), "SELECT datname FROM pg_database"):
        if left.startswith(f"{name}_"):
            cluster.drop_database(left)


def databases(database: Database) -> set[str]:
    found = rows(database.cluster.url(driver=""), "SELECT datname FROM pg_database")
    return {name for (name,) in found if name.startswith(database.name)}


@contextmanager
def locked(dsn: str) -> Iterator[None]:
    with psycopg.connect(dsn) as connection:
        connection.execute("LOCK TABLE cache IN ACCESS EXCLUSIVE MODE")
        yield


def test_a_hard_schema_is_the_same_after_a_restore(
    shop: Database, tmp_path: Path, beside: Callable[[str], str]
) -> None:
    made = create(shop.dsn, tmp_path)
    (found,) = listed(tmp_path)
    assert (found["id"], found["status"], found["kind"]) == (made["id"], "ok", "logical")
    assert datetime.fromisoformat(found["time"]).utcoffset() is not None
    sound = told("verify", "--repository", tmp_path, "--scratch", shop.dsn)
    assert sound["sound"]
    assert sound["restored"]
    run("restore", "--repository", tmp_path, "--target", beside("_new"))
    for query in QUERIES:
        expected = rows(shop.dsn, query)
        assert expected, query
        assert rows(beside("_new"), query) == expected, query
    assert databases(shop) == {shop.name, f"{shop.name}_new"}
    with pytest.raises(psycopg.errors.RaiseException, match="refused"):
        execute(beside("_new"), "INSERT INTO hen VALUES (2, 1)")


def test_a_target_that_is_not_empty_is_replaced_only_when_told(
    shop: Database, tmp_path: Path, beside: Callable[[str], str]
) -> None:
    create(shop.dsn, tmp_path)
    shop.cluster.create_database(f"{shop.name}_old")
    execute(beside("_old"), "CREATE TABLE precious AS SELECT 7 AS n")
    restore = ("restore", "--repository", tmp_path, "--target", beside("_old"))
    run(*restore, status=3)
    assert rows(beside("_old"), "SELECT n FROM precious") == [(7,)]
    done = told(*restore, "--replace")
    assert rows(beside("_old"), "SELECT word FROM cache") == [("tea",)]
    kept = shop.cluster.url(done["kept"], driver="")
    assert rows(kept, "SELECT n FROM precious") == [(7,)]
    before = databases(shop)
    assert told(*restore, "--replace", "--drop-old")["kept"] is None
    assert databases(shop) == before


@pytest.mark.parametrize("truncate", [False, True], ids=["a flipped byte", "a cut part"])
def test_a_damaged_backup_is_refused_before_anything_is_touched(
    shop: Database, tmp_path: Path, beside: Callable[[str], str], truncate: bool
) -> None:
    made = create(shop.dsn, tmp_path)
    damage(tmp_path, "*.zst", truncate=truncate)
    assert not told("verify", "--repository", tmp_path, "--id", made["id"], status=1)["sound"]
    run(
        "restore",
        "--repository",
        tmp_path,
        "--id",
        made["id"],
        "--target",
        beside("_new"),
        status=3,
    )
    assert databases(shop) == {shop.name}


def test_a_wrong_password_fails_at_once_and_is_told_nowhere(
    querysafe_postgres: Database, tmp_path: Path
) -> None:
    wrong = "hunter2-very-secret"
    dsn = querysafe_postgres.dsn.replace(quote(querysafe_postgres.cluster.password), wrong)
    started = time.monotonic()
    done = run("create", "--database", dsn, "--repository", tmp_path, status=3)
    assert time.monotonic() - started < 10
    assert wrong not in done.output
    assert listed(tmp_path) == []


def test_a_locked_table_fails_in_time_and_leaves_nothing(shop: Database, tmp_path: Path) -> None:
    order = ("create", "--database", shop.dsn, "--repository", tmp_path, "--lock-timeout", 1)
    with locked(shop.dsn):
        run(*order, status=3)
    assert listed(tmp_path) == []
    run(*order)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads /proc")
def test_a_second_backup_is_busy_and_a_killed_one_is_not_listed_as_whole(
    shop: Database, tmp_path: Path
) -> None:
    order = ["create", "--database", shop.dsn, "--repository", str(tmp_path)]
    command = [sys.executable, "-m", "querysafe", "backup", *order]
    with locked(shop.dsn):
        running = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            seen = _waited_for(running.pid)
            run(*order, status=75)
        finally:
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
    assert all(shop.cluster.password not in line for line in seen)
    assert all(each["status"] != "ok" for each in listed(tmp_path))


def test_the_password_is_not_in_the_repository(shop: Database, tmp_path: Path) -> None:
    create(shop.dsn, tmp_path)
    secret = shop.cluster.password.encode()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(secret not in path.read_bytes() for path in files)


def _waited_for(parent: int) -> list[str]:
    """The command lines of the children, once pg_dump is among them."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        lines = [line for line in _children(parent) if line]
        if any("pg_dump" in line for line in lines):
            return lines
        time.sleep(0.05)
    raise AssertionError("pg_dump did not start")


def _children(parent: int) -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if int((process / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                yield (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
