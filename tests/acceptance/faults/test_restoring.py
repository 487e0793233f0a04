"""What may go wrong while a backup is restored: the target stays as it was."""

import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest

from querysafe.postgres.cluster import Cluster, server
from tests.acceptance.faults.bench import Bench
from tests.acceptance.faults.test_repository import small_disk
from tests.integration.postgres.conftest import eventually

SLOW = (
    "CREATE FUNCTION slowly(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS "
    "$$ BEGIN PERFORM pg_sleep(20); RETURN $1; END $$;"
    "CREATE TABLE slow (n int); INSERT INTO slow VALUES (1); SET statement_timeout = 0;"
)
"""A restore of its index takes 20 s, long enough to be disturbed."""
ASLEEP = "SELECT count(*)::int FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname LIKE "


@pytest.fixture
def slow(shop: Bench) -> Bench:
    """A backup whose restore can be caught in its middle."""
    shop.sql(SLOW)
    with shop.connected(autocommit=False) as connection:
        # An empty table is indexed at once; its rows come with the next statement.
        connection.execute("CREATE TABLE held AS SELECT * FROM slow")
        connection.execute("TRUNCATE slow")
        connection.execute("CREATE INDEX slowed ON slow (slowly(n))")
        connection.execute("ALTER TABLE slow DISABLE TRIGGER ALL")
        connection.execute(
            "UPDATE pg_index SET indisready = false WHERE indexrelid = 'slowed'::regclass"
        )
        connection.execute("INSERT INTO slow SELECT * FROM held")
        connection.execute(
            "UPDATE pg_index SET indisready = true WHERE indexrelid = 'slowed'::regclass"
        )
        connection.commit()
    shop.create()
    return shop


def in_the_middle(shop: Bench) -> bool:
    """Whether a restore builds the slow index."""
    return eventually(lambda: shop.sql(f"{ASLEEP} '{shop.database}%'") == [(1,)])


def precious(shop: Bench) -> list[tuple[object, ...]]:
    """The database that a restore is aimed at, and what nobody may lose."""
    shop.cluster.create_database(f"{shop.database}_old")
    shop.sql("CREATE TABLE precious AS SELECT 7 AS n", "_old")
    return [(7,)]


def is_untouched(shop: Bench) -> bool:
    return shop.sql("SELECT n FROM precious", "_old") == [(7,)] and shop.databases() == {
        shop.database,
        f"{shop.database}_old",
    }


def test_a_target_that_is_not_empty_is_refused_and_unchanged(shop: Bench) -> None:
    shop.create()
    precious(shop)
    ended = shop.run(*shop.restoring("_old"), status=3)
    assert "not empty" in ended.stderr
    assert "--replace" in ended.stderr
    assert is_untouched(shop)


def test_a_database_in_use_is_replaced_and_the_old_one_kept(shop: Bench) -> None:
    shop.create()
    expected = shop.content()
    shop.sql("UPDATE item SET word = 'spoilt'")
    spoilt = shop.content()
    ended = threading.Event()

    def use() -> None:
        while not ended.is_set():
            try:
                with shop.connected() as connection:
                    while not ended.is_set():
                        connection.execute("SELECT count(*) FROM item")
                        time.sleep(0.01)
            except psycopg.Error:
                continue

    users = [threading.Thread(target=use) for _ in range(3)]
    for user in users:
        user.start()
    try:
        shop.run(*shop.restoring("", "--replace"))
    finally:
        ended.set()
        for user in users:
            user.join()
    assert shop.content() == expected
    (kept,) = shop.databases() - {shop.database}
    assert shop.content(kept.removeprefix(shop.database)) == spoilt
    assert shop.sql(f"SELECT datallowconn FROM pg_database WHERE datname = '{kept}'") == [(True,)]


def test_an_old_database_that_cannot_be_dropped_is_kept_and_named(shop: Bench) -> None:
    shop.create()
    precious(shop)
    shop.sql(f"ALTER DATABASE {shop.database}_old IS_TEMPLATE true")
    ended = shop.run(*shop.restoring("_old", "--replace", "--drop-old"))
    (kept,) = shop.databases() - {shop.database, f"{shop.database}_old"}
    shop.sql(f'ALTER DATABASE "{kept}" IS_TEMPLATE false')
    assert f"{kept}, is not dropped: " in ended.stderr
    assert "cannot drop a template database" in ended.stderr
    assert shop.content("_old") == shop.content()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_restore_that_is_ended_leaves_the_target_and_can_be_run_again(
    slow: Bench, number: signal.Signals
) -> None:
    precious(slow)
    running = slow.start(*slow.restoring("_old", "--replace"))
    assert in_the_middle(slow)
    os.kill(running.pid, number)
    slow.end(running, seconds=20)
    assert slow.sql("SELECT n FROM precious", "_old") == [(7,)]
    if number != signal.SIGKILL:
        slow.assert_quiet()
        assert is_untouched(slow)
    slow.sql("DROP INDEX slowed")
    slow.create()
    slow.run(*slow.restoring("_old", "--replace", "--drop-old"))
    assert slow.content("_old") == slow.content()
    assert slow.databases() == {slow.database, f"{slow.database}_old"}
    slow.assert_quiet()


def test_a_second_restore_is_told_to_come_back(slow: Bench) -> None:
    precious(slow)
    running = slow.start(*slow.restoring("_old", "--replace"))
    assert in_the_middle(slow)
    address = slow.url("_old").replace("127.0.0.1", "localhost")
    words = ("restore", "--repository", slow.repository, "--target", address, "--replace")
    ended = slow.run(*words, status=75)
    assert "running already" in ended.stderr
    os.kill(running.pid, signal.SIGTERM)
    slow.end(running)
    assert is_untouched(slow)


@pytest.mark.parametrize("whose", ["pg_restore", "ours"])
def test_a_connection_that_is_dropped_leaves_the_target(slow: Bench, whose: str) -> None:
    precious(slow)
    running = slow.start(*slow.restoring("_old", "--replace"))
    assert in_the_middle(slow)
    # Other tests restore on the same server.
    asleep = f"wait_event = 'PgSleep' AND datname LIKE '{slow.database}%'"
    ours = f"datname = 'postgres' AND query LIKE '%{slow.database}%'"
    which = asleep if whose == "pg_restore" else ours
    terminated = slow.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE application_name = 'querysafe' AND {which}"
    )
    assert terminated == [(True,)]
    if whose == "ours":
        slow.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {asleep}")
    ended = slow.end(running)
    assert ended.status == 3
    assert "terminat" in ended.stderr
    slow.assert_quiet()
    assert is_untouched(slow)


def test_a_role_that_is_missing_is_named_with_what_to_do(shop: Bench) -> None:
    role = f"owner_{shop.database}"
    shop.sql(f"CREATE ROLE {role}; ALTER TABLE item OWNER TO {role}")
    shop.create()
    shop.sql(f"REASSIGN OWNED BY {role} TO postgres; DROP ROLE {role}")
    precious(shop)
    ended = shop.run(*shop.restoring("_old", "--replace"), status=3)
    assert f'role "{role}" does not exist' in ended.stderr
    assert "--create-roles" in ended.stderr
    assert is_untouched(shop)
    shop.run(*shop.restoring("_none", "--no-owner"))
    assert shop.content("_none") == shop.content()
    shop.run(*shop.restoring("_made", "--create-roles"))
    owner = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'item'"
    assert shop.sql(owner, "_made") == [(role,)]
    shop.cluster.drop_database(f"{shop.database}_made")
    shop.sql(f"DROP ROLE {role}")


@pytest.mark.parametrize("fault", ["password", "port", "no right to create"])
def test_a_server_that_refuses_is_named(shop: Bench, fault: str) -> None:
    shop.create()
    role = f"small_{shop.database}"
    target, environment = shop.url("_new"), {}
    if fault == "password":
        environment = {"PGPASSWORD": f"wrong-{secrets.token_hex(4)}"}
        cause = "password authentication failed"
    elif fault == "port":
        target, cause = target.replace(str(shop.cluster.port), "9"), "onnection refused"
    else:
        shop.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'small'")
        target, environment = target.replace("postgres@", f"{role}@"), {"PGPASSWORD": "small"}
        cause = "permission denied to create database"
    try:
        words = ("restore", "--repository", shop.repository, "--target", target)
        ended = shop.run(*words, status=3, **environment)
    finally:
        shop.sql(f"DROP ROLE IF EXISTS {role}")
    assert cause in ended.stderr
    assert ended.seconds < 20
    assert shop.databases() == {shop.database}


@pytest.mark.soak
def test_a_disk_of_the_server_that_is_full_is_named_and_leaves_the_target(
    querysafe_postgres_server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", "230m") as disk:
        for folder in tmp_path.parents:
            if (
                folder.owner() == "root"
                and folder != Path("/tmp")
                and folder.is_relative_to("/tmp")
            ):
                folder.chmod(0o755)
        tmp_path.chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        with server(
            bin_directory=querysafe_postgres_server.bin_directory,
            settings={
                "min_wal_size": "64MB",
                "max_wal_size": "64MB",
                "wal_level": "minimal",
                "max_wal_senders": "0",
            },
        ) as cluster:
            name = f"full_{secrets.token_hex(4)}"
            cluster.create_database(name)
            bench = Bench(cluster=cluster, database=name, repository=str(tmp_path / "repository"))
            bench.fill()
            bench.sql(
                "CREATE UNLOGGED TABLE noise AS SELECT i, repeat(i::text, 200) AS n "
                "FROM generate_series(1, 30000) AS i"
            )
            bench.create("--no-hash")
            precious(bench)
            # The log has its room already: a server that cannot write it ends, whoever restores.
            for _ in range(4):
                bench.sql("SELECT pg_switch_wal()")
                bench.sql("CHECKPOINT")
            free = shutil.disk_usage(disk).free
            (disk / "ballast").write_bytes(bytes(free - 16 * 2**20))
            ended = bench.run(*bench.restoring("_old", "--replace"), status=3)
            assert "No space left on device" in ended.stderr
            (disk / "ballast").unlink()
            assert bench.sql("SELECT n FROM precious", "_old") == [(7,)]
            bench.run(*bench.restoring("_old", "--replace", "--drop-old"))
            assert bench.databases() == {name, f"{name}_old"}
            assert bench.content("_old") == bench.content()


def test_no_such_backup_and_an_empty_repository_are_told(shop: Bench, tmp_path: Path) -> None:
    ended = shop.run(*shop.restoring("_new"), status=3)
    assert "does not exist" in ended.stderr
    Path(shop.repository).mkdir()
    ended = shop.run(*shop.restoring("_new"), status=3)
    assert "no whole logical backup" in ended.stderr
    ended = shop.run(*shop.restoring("_new", "--id", "20200101T000000Z-00000000"), status=3)
    assert "there is no backup" in ended.stderr
    ended = shop.run(*shop.restoring("_new", "--id", "../../etc"), status=3)
    assert "is no id of a backup" in ended.stderr
    assert shop.databases() == {shop.database}


@pytest.mark.parametrize(
    "suffix",
    [
        "_Möbel 😀",
        *(
            pytest.param(each, marks=pytest.mark.soak)
            for each in (" sp ace", '_"q"uo\'te', "_a=b&c%d", "_x" * 20, "_;drop", "_back\\slash")
        ),
    ],
)
def test_a_database_may_have_any_name(shop: Bench, suffix: str) -> None:
    from urllib.parse import quote

    shop.create()
    target = shop.url() + quote(suffix, safe="")
    shop.run("restore", "--repository", shop.repository, "--target", target)
    odd = Bench(cluster=shop.cluster, database=shop.database + suffix, repository=shop.repository)
    assert shop.database + suffix in shop.databases()
    with psycopg.connect(
        host="127.0.0.1",
        port=shop.cluster.port,
        user="postgres",
        password=shop.cluster.password,
        dbname=shop.database + suffix,
    ) as connection:
        assert connection.execute("SELECT count(*)::int FROM item").fetchall() == [(200,)]
    shop.run("create", "--database", target, "--repository", shop.repository)
    assert shop.ok()[0]["database"] == odd.database
    shop.run("restore", "--repository", shop.repository, "--target", target, "--replace")


def test_a_view_whose_rows_are_older_than_its_tables_does_not_stop_a_restore(shop: Bench) -> None:
    shop.sql("CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM item")
    shop.sql("INSERT INTO item VALUES (0, 'late')")
    shop.create()
    shop.run(*shop.restoring("_new"))
    assert shop.sql("SELECT * FROM counted", "_new") == [(201,)]
