"""A password reaches the programs that we start, and nobody and nothing else."""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from querysafe.postgres.target import Target

READ = "import os; print(open(os.environ['PGPASSFILE']).read(), end='')"
SECRET = "one:two\\three"
WRITTEN = "*:*:*:*:one\\:two\\\\three\n"


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Target:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return Target.parse("postgresql://somebody@localhost/shop")


def test_a_program_reads_the_password_from_a_file_that_only_we_may_read(target: Target) -> None:
    with target.credentials() as environment:
        assert SECRET not in "".join(environment.values())
        path = Path(environment["PGPASSFILE"])
        status = path.stat()
        assert stat.S_ISREG(status.st_mode), "libpq takes no other"
        assert stat.S_IMODE(status.st_mode) == 0o600
        command = [sys.executable, "-c", READ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == WRITTEN
    with pytest.raises(FileNotFoundError):
        path.stat()


def test_without_memory_files_it_is_a_file_of_its_own_that_goes(
    target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "memfd_create")
    with target.credentials() as environment:
        path = Path(environment["PGPASSFILE"])
        assert path.is_relative_to(tmp_path)
        assert path.read_text() == WRITTEN
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_no_password_is_left_by_a_process_that_is_killed(target: Target, tmp_path: Path) -> None:
    program = (
        "import os, signal\n"
        "from querysafe.postgres.target import Target\n"
        "with Target.parse('postgresql://somebody@localhost/shop').credentials():\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_in_the_middle_of_connecting_closes_the_socket_at_once() -> None:
    """A server waits a minute for a client that began to log in, and DROP DATABASE for both."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peers: list[socket.socket] = []

        def greet() -> None:
            peer, _ = listener.accept()
            peers.append(peer)
            peer.recv(1000)  # it would log in, and is not answered
            os.kill(os.getpid(), signal.SIGUSR1)

        before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
        server = threading.Thread(target=greet)
        server.start()
        try:
            host, port = listener.getsockname()
            Target.parse(f"postgresql://somebody@{host}:{port}/shop?sslmode=disable").connect()
        except KeyboardInterrupt:  # as long as it is known, so are the frames that it came through
            server.join()
            peers[0].settimeout(5)
            assert peers[0].recv(1000) == b""
        finally:
            signal.signal(signal.SIGUSR1, before)
            server.join()
            peers[0].close()
