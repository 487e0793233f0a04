"""What may go wrong with the database while it is backed up."""

import os
import re
import secrets
import shlex
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from querysafe.postgres.programs import for_server
from tests.acceptance.faults.bench import Bench, Watcher
from tests.integration.postgres.conftest import eventually
from tests.requirements import require

WAITING = (
    "SELECT count(*)::int FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def in_the_middle(shop: Bench, running: "subprocess.Popen[str]") -> bool:
    """Whether a backup stands before a table that somebody has locked."""
    return eventually(lambda: shop.sql(WAITING) == [(1,)] or running.poll() is not None)


def files(shop: Bench) -> list[str]:
    """What lies in the repository, hidden things too, but for the notes of `status`."""
    return [path.name for path in shop_files(shop) if path.parent.name != "outcomes"]


def test_a_backup_ends_well_and_restores(shop: Bench) -> None:
    shop.create("--name", "nightly 😀")
    (found,) = shop.ok()
    assert (found["kind"], found["name"]) == ("logical", "nightly 😀")
    assert found["size"] > 0
    shop.run(*shop.restoring("_new"))
    assert shop.content("_new") == shop.content()
    shop.assert_quiet()


@pytest.mark.parametrize("fault", ["password", "database", "role", "port", "scheme"])
def test_what_cannot_be_reached_fails_at_once_and_is_named(shop: Bench, fault: str) -> None:
    url, wrong = shop.url(), f"wrong-{secrets.token_hex(8)}"
    port = str(shop.cluster.port)
    environment = {"PGPASSWORD": wrong} if fault == "password" else {}
    url, cause = {
        "password": (url, "password authentication failed"),
        "database": (f"{url}_nowhere", f'database "{shop.database}_nowhere" does not exist'),
        "role": (url.replace("postgres@", "nobody@"), "nobody"),
        "port": (url.replace(f":{port}/", ":9/"), "onnection refused"),
        "scheme": (url.replace("postgresql:", "mysql:"), "mysql"),
    }[fault]
    ended = shop.run(
        *("create", "--database", url, "--repository", shop.repository), status=3, **environment
    )
    assert cause in ended.stderr
    assert wrong not in ended.said
    assert ended.seconds < 15
    assert not [name for name in files(shop) if "unfinished" in name]


def test_a_table_that_may_not_be_read_fails_the_backup(shop: Bench) -> None:
    role = f"reader_{shop.database}"
    shop.sql(
        f"CREATE ROLE {role} LOGIN PASSWORD 'reads-only'; GRANT SELECT ON item TO {role};"
        "CREATE TABLE hidden (n int)"
    )
    try:
        url = shop.url().replace("postgres@", f"{role}@")
        words = ("create", "--database", url, "--repository", shop.repository)
        ended = shop.run(*words, status=3, PGPASSWORD="reads-only")
        assert "permission denied for table hidden" in ended.stderr
        shop.sql("ALTER TABLE item ENABLE ROW LEVEL SECURITY; DROP TABLE hidden")
        ended = shop.run(*words, status=3, PGPASSWORD="reads-only")
        assert "row-level security" in ended.stderr
        assert shop.ok() == []
    finally:
        shop.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_locked_table_is_not_waited_for_for_ever(shop: Bench) -> None:
    with shop.connected(autocommit=False) as connection:
        connection.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        ended = shop.create("--lock-timeout", 1, status=3)
    assert "lock" in ended.stderr
    assert ended.seconds < 15
    shop.assert_quiet()
    shop.create()


def test_a_second_backup_is_told_to_come_back(shop: Bench) -> None:
    with shop.connected(autocommit=False) as connection:
        connection.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        first = shop.start(*shop.creating())
        assert in_the_middle(shop, first)
        ended = shop.create(status=75)
        assert "running already" in ended.stderr
        assert ended.seconds < 10
    assert shop.end(first).status == 0
    assert len(shop.ok()) == 1
    shop.assert_quiet()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_backup_in_order(shop: Bench, number: signal.Signals) -> None:
    with shop.connected(autocommit=False) as connection:
        connection.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        running = shop.start(*shop.creating())
        assert in_the_middle(shop, running)
        os.kill(running.pid, number)
        ended = shop.end(running, seconds=15)
    assert ended.status == 128 + number
    shop.assert_quiet()
    assert files(shop) == []


def test_a_killed_backup_is_not_listed_and_its_remains_go_with_the_next(shop: Bench) -> None:
    shop.sql("CREATE TABLE late (n int)")
    with shop.connected(autocommit=False) as connection:
        connection.execute("LOCK TABLE late IN ACCESS EXCLUSIVE MODE")
        running = shop.start(*shop.creating())
        assert in_the_middle(shop, running)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
    assert shop.ok() == []
    assert files(shop) != []
    shop.assert_quiet()
    shop.create()
    assert len(shop.listed()) == 1
    assert not [name for name in files(shop) if "unfinished" in name]
    assert not list(Path(shop.repository).glob("leases/*"))


def test_expire_sweeps_what_a_killed_backup_left(shop: Bench) -> None:
    with shop.connected(autocommit=False) as connection:
        connection.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        running = shop.start(*shop.creating())
        assert in_the_middle(shop, running)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
    shop.run("expire", "--repository", shop.repository)
    assert files(shop) == []


@pytest.mark.parametrize(
    "whose",
    ["wait_event_type = 'Lock'", "state = 'idle in transaction' AND query NOT LIKE 'LOCK%'"],
    ids=["of pg_dump", "of ours"],
)
def test_a_connection_that_is_dropped_in_the_middle_fails_the_backup(
    shop: Bench, whose: str
) -> None:
    # Only pg_dump waits for a partitioned table: it has no size that is asked for.
    shop.sql("CREATE TABLE late (n int) PARTITION BY RANGE (n)")
    with shop.connected(autocommit=False) as connection:
        connection.execute("LOCK TABLE late IN ACCESS EXCLUSIVE MODE")
        running = shop.start(*shop.creating())
        assert in_the_middle(shop, running)
        shop.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = current_database() AND {whose}"
        )
    ended = shop.end(running)
    assert ended.status == 3
    assert re.search("terminat|connection|snapshot", ended.stderr)
    assert shop.ok() == []
    shop.assert_quiet()
    assert files(shop) == []


def test_a_client_older_than_the_server_is_refused(shop: Bench, tmp_path: Path) -> None:
    old = Path("/usr/lib/postgresql/15/bin")
    require("postgresql-15", (old / "pg_dump").exists(), f"no programs in {old}")
    if shop.cluster.version[0] <= 15:
        old = tmp_path
        for name in ("pg_dump", "pg_dumpall"):
            (old / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) 9.6.24"\n')
            (old / name).chmod(0o755)
    ended = shop.create("--postgres-bin", old, status=3)
    assert "older" in ended.stderr
    assert f"version {shop.cluster.version[0]} or newer" in ended.stderr


@pytest.mark.parametrize(
    ("program", "writes", "told"),
    [
        ("pg_dump", "head -c 6000", "rows of .* tables|cut off"),
        ("pg_dump", "tr -d P", "no archive|cut off"),
        ("pg_dumpall", "head -c 300", "cut off"),
    ],
)
def test_a_program_that_ends_well_and_wrote_half_fails_the_backup(
    shop: Bench, tmp_path: Path, program: str, writes: str, told: str
) -> None:
    for name in ("pg_dump", "pg_dumpall"):
        real = for_server(name, shop.cluster.version[0]).path
        half = f"| {writes}" if name == program else ""
        script = tmp_path / name
        script.write_text(
            f'#!/bin/sh\ncase "$*" in *--version*) exec {real} "$@";; *) {real} "$@" {half};; esac\n'
        )
        script.chmod(0o755)
    ended = shop.create("--postgres-bin", tmp_path, status=3)
    assert re.search(f'"{program}" ended well and wrote .*({told})', ended.stderr)
    shop.assert_quiet()
    assert files(shop) == []


def test_no_secret_stands_in_an_argument_an_environment_or_the_repository(shop: Bench) -> None:
    aws = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "never-to-be-shown"}
    with Watcher(shop.database) as watcher:
        shop.create(**aws)
        shop.run(*shop.restoring("_new"), **aws)
        shop.run("verify", "--repository", shop.repository, "--scratch", shop.url(), **aws)
    assert any("pg_dump" in words for words in watcher.arguments)
    assert any("pg_restore" in words for words in watcher.arguments)
    seen = [*watcher.arguments, *watcher.environments.values()]
    assert watcher.environments
    for secret in shop.secrets:
        assert not [each for each in seen if secret in each]
        for path in Path(shop.repository).rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes()
    assert all(not stat.S_IMODE(path.stat().st_mode) & 0o077 for path in shop_files(shop))


def shop_files(shop: Bench) -> list[Path]:
    return [path for path in Path(shop.repository).rglob("*") if path.is_file()]


@pytest.mark.parametrize("way", ["passfile", "service"])
def test_the_password_may_come_from_a_file(shop: Bench, tmp_path: Path, way: str) -> None:
    file = tmp_path / way
    if way == "passfile":
        file.write_text(f"*:*:*:*:{shop.cluster.password}\n")
        words = shop.creating()
        environment = {"PGPASSFILE": str(file)}
    else:
        file.write_text(
            f"[other]\ndbname=elsewhere\n[shop]\nhost=127.0.0.1\nport={shop.cluster.port}\n"
            f"user=postgres\ndbname={shop.database}\npassword={shop.cluster.password}\n"
        )
        words = ("create", "--database", "service=shop", "--repository", shop.repository)
        environment = {"PGSERVICEFILE": str(file)}
    file.chmod(0o600)
    shop.run(*words, PGPASSWORD="", **environment)
    (found,) = shop.ok()
    assert found["database"] == shop.database


def test_writes_that_go_on_meanwhile_do_not_disturb(shop: Bench) -> None:
    ended = threading.Event()

    def write() -> None:
        with shop.connected() as connection:
            for number in range(1000, 100_000):
                if ended.is_set():
                    return
                connection.execute("INSERT INTO item VALUES (%s, 'late')", (number,))
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        shop.create()
    finally:
        ended.set()
        writer.join()
    shop.run("verify", "--repository", shop.repository, "--scratch", shop.url())


@pytest.mark.parametrize("way", ["closed", "full", "no reader"])
def test_a_result_that_nobody_can_read_makes_no_failure_of_what_was_done(
    shop: Bench, way: str
) -> None:
    no_reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    no_reader.wait()
    assert no_reader.stdin is not None
    stdout = {"closed": ">&-", "full": ">/dev/full", "no reader": ""}[way]
    for words in (shop.creating(), shop.restoring("_new")):
        command = [sys.executable, "-m", "querysafe", "backup", *map(str, words)]
        done = subprocess.run(
            ["sh", "-c", f"{shlex.join(command)} {stdout}"],
            stdout=no_reader.stdin,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=shop.given({}),
        )
        assert done.returncode == 0, done.stderr
        assert way == "closed" or "done all the same" in done.stderr
    no_reader.stdin.close()
    assert len(shop.ok()) == 1
    assert shop.content("_new") == shop.content()


TERMINATED = """
import os, signal
from querysafe.cli import main
from querysafe.cli.backup.progress import Quiet

def publish(self, settle=Quiet.publish):
    {order}

Quiet.publish = publish
main(prog_name="querysafe")
"""


@pytest.mark.parametrize(("order", "status"), [("kill; settle", 143), ("settle; kill", 0)])
def test_a_signal_ends_a_backup_or_comes_too_late(shop: Bench, order: str, status: int) -> None:
    lines = order.replace("kill", "os.kill(os.getpid(), signal.SIGTERM)")
    text = TERMINATED.format(order=lines.replace("settle", "settle(self)"))
    command = [sys.executable, "-c", text, "backup", *map(str, shop.creating())]
    done = subprocess.run(command, env=shop.given({}), capture_output=True, check=False)
    assert done.returncode == status, done.stderr
    assert len(shop.ok()) == (status == 0)
