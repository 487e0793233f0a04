"""Backups by a real worker: the broker is the project's own PostgreSQL, Redis or RabbitMQ."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from celery import Celery

from querysafe.postgres.cluster import Database
from tests.integration.backup.cli import damage, execute, listed, run
from tests.requirements import require

WAIT = 90.0
REDIS = shutil.which("redis-server")
RABBITMQ = shutil.which("rabbitmq-server", path=f"/usr/lib/rabbitmq/bin:{os.environ['PATH']}")
APPLICATION = """
import os
from celery import Celery

app = Celery("shop", broker=os.environ["BROKER"], backend=os.environ["RESULTS"])
app.conf.imports = ["querysafe.runtime.schedule.tasks"]
"""


class Shop:
    """A project with a schedule, and a client of its broker."""

    def __init__(self, folder: Path, database: Database, broker: str) -> None:
        self.folder = folder
        self.database = database
        self.repository = folder / "backups"
        self.results = f"file://{folder}/results"
        (folder / "results").mkdir()
        (folder / "shop_app.py").write_text(APPLICATION)
        (folder / "pyproject.toml").write_text(
            f'[tool.querysafe.backup]\nrepository = "{self.repository}"\n'
        )
        self.broker = broker
        self.client = Celery("client", broker=broker, backend=self.results, set_as_current=False)

    @contextmanager
    def worker(self) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a worker in a session of its own; end what is left of it."""
        command = [sys.executable, "-m", "celery", "-A", "shop_app", "worker"]
        command += ["--concurrency=1", "--loglevel=INFO", "--without-gossip", "--without-mingle"]
        command += ["--prefetch-multiplier=1"]
        environment = {
            **os.environ,
            "BROKER": self.broker,
            "RESULTS": self.results,
            "C_FORCE_ROOT": "1",
            "QUERYSAFE_BACKUP_DATABASE": self.database.dsn,
        }
        with (self.folder / "worker.log").open("ab") as log:
            running = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
            try:
                yield running
            finally:
                running.terminate()
                try:
                    running.wait(30)
                except subprocess.TimeoutExpired:
                    os.killpg(running.pid, signal.SIGKILL)
                    running.wait()

    def call(self, work: str, **arguments: Any) -> Any:
        """Let the worker do something, and wait for its answer."""
        return self.begin(work, **arguments).get(timeout=WAIT, interval=0.2)

    def begin(self, work: str, **arguments: Any) -> Any:
        """Ask the worker to do something."""
        return self.client.send_task(f"querysafe.backup.{work}", kwargs=arguments)


@pytest.fixture
def shop(tmp_path: Path, querysafe_postgres: Database) -> Iterator[Shop]:
    execute(
        querysafe_postgres.dsn,
        "CREATE TABLE item (id int PRIMARY KEY); INSERT INTO item SELECT generate_series(1, 100)",
    )
    cluster = querysafe_postgres.cluster
    broker = f"{querysafe_postgres.name}_broker"
    cluster.create_database(broker)
    shop = Shop(tmp_path, querysafe_postgres, f"sqla+{cluster.url(broker, driver='psycopg')}")
    yield shop
    shop.client.close()
    cluster.drop_database(broker)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_worker_makes_verifies_drills_expires_and_watches(shop: Shop) -> None:
    with shop.worker():
        made = shop.call("create", kind="logical")
        assert made["status"] == "ok"
        (backup,) = listed(shop.repository)
        assert (backup["id"], backup["status"]) == (made["id"], "ok")
        assert shop.call("verify") == {
            "status": "ok", "id": made["id"], "stored_bytes": made["size"],
        }  # fmt: skip
        drilled = shop.call("drill", kind="logical")
        assert drilled["passed"] is True
        assert shop.call("expire")["kept"] == [made["id"]]
        assert shop.call("wal_check")["holds"] is True
        damage(shop.repository, "database.dump*")
        with pytest.raises(Exception, match=r"database\.dump"):
            shop.call("verify")
        with pytest.raises(Exception, match="is damaged"):
            shop.call("wal_check")
    log = (shop.folder / "worker.log").read_text()
    password = psycopg.conninfo.conninfo_to_dict(shop.database.dsn).get("password")
    assert password is None or str(password) not in log


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_worker_that_is_killed_holds_nothing_against_the_next(shop: Shop) -> None:
    with psycopg.connect(shop.database.dsn) as holder:
        holder.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        with shop.worker() as worker:
            shop.begin("create")
            _until(lambda: any(shop.repository.glob("leases/*")))
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
    assert [each["status"] for each in listed(shop.repository)] in ([], ["unfinished"])
    with shop.worker():
        assert shop.call("create")["status"] == "ok"
    assert [each["status"] for each in listed(shop.repository)] == ["ok"]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_task_that_redis_delivers_twice_is_busy_the_second_time(
    tmp_path: Path, querysafe_postgres: Database
) -> None:
    require("redis", REDIS is not None, "install redis-server")
    execute(querysafe_postgres.dsn, "CREATE TABLE item (id int PRIMARY KEY)")
    with _redis(tmp_path) as broker:
        shop = Shop(tmp_path, querysafe_postgres, broker)
        with psycopg.connect(querysafe_postgres.dsn) as holder, shop.worker():
            holder.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
            first = shop.begin("create")
            _until(lambda: any(shop.repository.glob("leases/*")))
            with shop.worker():
                assert shop.call("create")["status"] == "busy"
            holder.rollback()
            assert first.get(timeout=WAIT, interval=0.2)["status"] == "ok"
        shop.client.close()
    assert [each["status"] for each in listed(shop.repository)] == ["ok"]


@pytest.mark.soak
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_worker_that_rabbitmq_feeds_is_killed_and_its_task_given_to_the_next(
    tmp_path: Path, querysafe_postgres: Database
) -> None:
    require("rabbitmq", RABBITMQ is not None, "install rabbitmq-server")
    execute(querysafe_postgres.dsn, "CREATE TABLE item (id int PRIMARY KEY)")
    with _rabbitmq(tmp_path / "rabbit") as broker:
        shop = Shop(tmp_path, querysafe_postgres, broker)
        with psycopg.connect(querysafe_postgres.dsn) as holder, shop.worker() as worker:
            holder.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
            first = shop.begin("create")
            _until(lambda: any(shop.repository.glob("leases/*")))
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
            holder.rollback()
        with shop.worker():
            assert first.get(timeout=WAIT, interval=0.2)["status"] == "ok"
            assert shop.call("verify")["status"] == "ok"
        shop.client.close()
    assert [each["status"] for each in listed(shop.repository)] == ["ok"]


def test_what_failed_is_remembered_until_it_succeeds(
    tmp_path: Path, querysafe_postgres: Database
) -> None:
    repository = tmp_path / "backups"
    dsn = querysafe_postgres.dsn
    run("create", "--database", dsn, "--repository", repository)
    run("status", "--repository", repository)
    locked = ["create", "--database", dsn, "--repository", repository, "--lock-timeout", "1"]
    execute(dsn, "CREATE TABLE item (id int PRIMARY KEY)")
    with psycopg.connect(dsn) as holder:
        holder.execute("LOCK TABLE item IN ACCESS EXCLUSIVE MODE")
        run(*locked, status=3)
    told = run("status", "--repository", repository, status=1)
    assert "`create` of logical" in told.stdout
    assert "was locked for more than 1 s" in told.stdout
    run(*locked)
    assert "every promise is kept" in run("status", "--repository", repository).stdout


def test_metrics_are_written_whole_for_a_collector(
    tmp_path: Path, querysafe_postgres: Database
) -> None:
    repository = tmp_path / "backups"
    run("create", "--database", querysafe_postgres.dsn, "--repository", repository)
    textfile = tmp_path / "querysafe.prom"
    done = run(
        "status", "--repository", repository, "--format", "prometheus", "--textfile", textfile
    )
    assert "querysafe_backup_promise_kept 1.0" in done.stdout
    assert "querysafe_backup_promise_kept 1.0" in textfile.read_text()
    assert list(tmp_path.glob("*.prom*")) == [textfile]
    lost = run("status", "--repository", repository, "--max-age", "0s", status=1)
    assert "0 seconds are promised" in lost.stdout
    run("status", "--repository", repository, "--max-age", "soon", status=2)


def test_what_the_project_says_need_not_be_said_again(
    tmp_path: Path, querysafe_postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = tmp_path / "backups"
    project = tmp_path / "pyproject.toml"
    project.write_text(
        f'[tool.querysafe.backup]\nrepository = "{repository}"\nname = "nightly"\n'
        f'database = "{querysafe_postgres.dsn}"\nmax_age = "0s"\n'
    )
    monkeypatch.chdir(tmp_path)
    run("create")
    (backup,) = listed(repository)
    assert backup["name"] == "nightly"
    run("status", status=1)
    run("status", "--max-age", "1h")
    project.write_text("[tool.querysafe.backup]\nrepo = 3\n")
    wrong = run("status", status=2)
    assert 'has no option "repo"' in f"{wrong.output} {wrong.exception!r}"


def _until(holds: Any) -> None:
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.1)


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(REDIS), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir"]
    with subprocess.Popen([*command, str(folder)], stdout=subprocess.DEVNULL) as server:
        try:
            _until(lambda: _listens(port))
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


@contextmanager
def _rabbitmq(folder: Path) -> Iterator[str]:
    folder.mkdir()
    ports = []
    for _ in range(3):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    (folder / "plugins").write_text("[].")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"querysafe{os.getpid()}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(ports[0]),
        "RABBITMQ_DIST_PORT": str(ports[1]),
        "ERL_EPMD_PORT": str(ports[2]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
    }
    with (
        (folder / "said").open("wb") as said,
        subprocess.Popen(
            [str(RABBITMQ)], env=environment, stdout=said, stderr=said, start_new_session=True
        ) as server,
    ):
        try:
            _until(lambda: _listens(ports[0]))
            yield f"amqp://guest:guest@127.0.0.1:{ports[0]}//"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)
            # Erlang leaves the daemon that knows its nodes behind.
            subprocess.run(["epmd", "-port", str(ports[2]), "-kill"], env=environment, check=False)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
