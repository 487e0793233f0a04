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

from querysafe.backup import catalog
from querysafe.backup.errors import RepositoryError
from querysafe.postgres.cluster import Database
from querysafe.postgres.programs import for_server
from tests.integration.backup.cli import create, damage, execute, listed, rows, run, told
from tests.integration.postgres.conftest import eventually

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

HELD = (
    "SELECT count(*)::int FROM pg_locks JOIN pg_database AS d ON d.oid = database "
    "WHERE locktype = 'advisory' AND granted AND d.datname = current_database()"
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
            assert eventually(lambda: rows(shop.dsn, HELD) == [(1,)])
            run(*order, status=75)
        finally:
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
    assert all(each["status"] != "ok" for each in listed(tmp_path))


def test_the_password_stands_in_no_argument_and_no_stored_file(
    shop: Database, tmp_path: Path
) -> None:
    programs, said, repository = tmp_path / "bin", tmp_path / "said", tmp_path / "backups"
    programs.mkdir()
    for name in ("pg_dump", "pg_dumpall", "pg_restore"):
        real = for_server(name, shop.cluster.version[0]).path
        wrapper = programs / name
        wrapper.write_text(f'#!/bin/sh\necho "{name} $*" >> "{said}"\nexec "{real}" "$@"\n')
        wrapper.chmod(0o755)
    create(shop.dsn, repository, "--postgres-bin", programs)
    assert "pg_dump --" in said.read_text()
    secret = shop.cluster.password.encode()
    files = [said, *(path for path in repository.rglob("*") if path.is_file())]
    assert len(files) > 3
    assert all(secret not in path.read_bytes() for path in files)


def test_a_part_of_a_backup_comes_with_what_it_needs_and_what_belongs_to_it(
    shop: Database, tmp_path: Path, beside: Callable[[str], str]
) -> None:
    execute(
        shop.dsn,
        'CREATE SCHEMA "my shop"; CREATE TYPE "my shop".size AS ENUM (\'s\');'
        'CREATE TABLE "my shop".shoe (id serial PRIMARY KEY, s "my shop".size, egg int REFERENCES egg);'
        "INSERT INTO \"my shop\".shoe (s) VALUES ('s')",
    )
    create(shop.dsn, tmp_path)
    order = ("restore", "--repository", tmp_path, "--target")
    run(*order, beside("_schema"), "--schema", "my shop")
    assert rows(beside("_schema"), 'SELECT id, s::text FROM "my shop".shoe') == [(1, "s")]
    execute(beside("_schema"), "INSERT INTO \"my shop\".shoe (s) VALUES ('s')")
    run(*order, beside("_table"), "--table", "hen", "--table", "Möbel 😀")
    assert rows(beside("_table"), "SELECT count(*)::int FROM hen") == [(1,)]
    with pytest.raises(psycopg.errors.RaiseException, match="refused"):
        execute(beside("_table"), "INSERT INTO hen VALUES (2, 1)")
    keys = (
        "SELECT conname FROM pg_constraint WHERE contype IN ('p', 'f') AND oid > 16384 ORDER BY 1"
    )
    assert rows(beside("_table"), keys) == [("Möbel 😀_pkey",), ("hen_pkey",)]
    refused = run(*order, beside("_none"), "--table", "nowhere", status=3)
    assert 'no table "nowhere"' in refused.output
    assert f"{shop.name}_none" not in databases(shop)


def test_a_drill_that_cannot_be_noted_passes_and_says_so(
    querysafe_postgres: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(querysafe_postgres.dsn, tmp_path)
    drill = ("drill", "--repository", tmp_path, "--server", querysafe_postgres.dsn)

    def refuse(*_: object) -> None:
        raise RepositoryError("it is read-only")

    monkeypatch.setattr(catalog, "note_drill", refuse)
    held = told(*drill)
    assert held["passed"]
    (note,) = [check for check in held["checks"] if check["name"] == "note"]
    assert (note["outcome"], note["detail"]) == ("skipped", "it is not noted: it is read-only")
    monkeypatch.undo()
    assert "note" not in [check["name"] for check in told(*drill)["checks"]]
