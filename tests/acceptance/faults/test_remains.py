"""What a restore that ended in its first moment leaves is known again; what others made is not touched."""

import signal

import psycopg
from psycopg import sql

from querysafe.backup.logical.scratch import mark
from tests.acceptance.faults.bench import Bench
from tests.integration.postgres.conftest import eventually

CREATING = (
    "SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE \"{}_new%' {}"
)


def test_a_database_that_a_dead_restore_had_only_created_goes_with_the_next(shop: Bench) -> None:
    shop.create()
    dead, others = (f"{shop.database}_new_restore_{each}" for each in ("1a2b3c4d", "0badcafe"))
    with psycopg.connect(shop.cluster.url(driver=""), autocommit=True) as connection:
        for name, limit in ((dead, mark(dead)), (others, 7)):
            connection.execute(
                sql.SQL("CREATE DATABASE {} CONNECTION LIMIT {}").format(
                    sql.Identifier(name), sql.Literal(limit)
                )
            )
    shop.run(*shop.restoring("_new"))
    assert shop.databases() == {shop.database, f"{shop.database}_new", others}
    limits = shop.sql(f"SELECT datconnlimit FROM pg_database WHERE datname = '{shop.database}_new'")
    assert limits == [(-1,)]


def test_a_restore_that_is_ended_while_the_database_is_created_leaves_none(shop: Bench) -> None:
    shop.create()
    with shop.connected(autocommit=False) as connection:
        connection.execute("LOCK TABLE pg_database IN SHARE MODE")
        running = shop.start(*shop.restoring("_new"))
        waits = CREATING.format(shop.database, "AND wait_event_type = 'Lock'")
        assert eventually(lambda: shop.sql(waits) == [(1,)], seconds=30)
        running.send_signal(signal.SIGTERM)
        assert eventually(
            lambda: shop.sql(CREATING.format(shop.database, "")) == [(0,)], seconds=15
        )
    assert shop.end(running, seconds=20).status == 128 + signal.SIGTERM
    assert shop.databases() == {shop.database}
    shop.assert_quiet()


def test_a_target_without_a_name_and_a_template_are_refused(shop: Bench) -> None:
    shop.create()
    server = shop.url().rpartition("/")[0]
    for target, told in ((server, "names no database"), (f"{server}/template1", "template1")):
        words = ("restore", "--repository", shop.repository, "--target", target, "--replace")
        assert told in shop.run(*words, status=3).stderr


def test_limits_of_the_role_are_for_its_application(shop: Bench) -> None:
    role = f"{shop.database}_limited"
    limits = {
        "default_transaction_read_only": "on",
        "statement_timeout": "200ms",
        "lock_timeout": "1ms",
        "idle_in_transaction_session_timeout": "200ms",
        "idle_session_timeout": "200ms",
        "search_path": "nowhere",
        "DateStyle": "German",
    }
    shop.sql(f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{shop.cluster.password}'")
    try:
        for name, value in limits.items():
            shop.sql(f"ALTER ROLE {role} SET {name} = '{value}'")
        address = shop.url().replace("postgres@", f"{role}@")
        shop.run("create", "--database", address, "--repository", shop.repository)
        shop.run("restore", "--repository", shop.repository, "--target", f"{address}_new")
        assert shop.content("_new") == shop.content()
    finally:
        shop.cluster.create_database(f"{shop.database}_end")
        for suffix in {each.removeprefix(shop.database) for each in shop.databases()}:
            shop.sql(f"REASSIGN OWNED BY {role} TO postgres", suffix)
        shop.sql(f"DROP ROLE {role}")
