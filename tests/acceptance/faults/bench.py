"""A database, a repository and the command line in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from querysafe.postgres.cluster import Cluster
from tests.integration.postgres.conftest import eventually

AWS_SECRET = "never-to-be-shown"
_SHOWN = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def said(self) -> str:
        """All that it wrote."""
        return self.stdout + self.stderr


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One database of a server, one repository, and the secrets that may stand nowhere."""

    cluster: Cluster
    database: str
    repository: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def url(self, suffix: str = "") -> str:
        """The database, or another one whose name goes on with a suffix. It has no password."""
        return f"postgresql://postgres@127.0.0.1:{self.cluster.port}/{self.database}{suffix}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What may be seen nowhere."""
        return self.cluster.password, AWS_SECRET

    def start(self, *words: object, **environment: str) -> "subprocess.Popen[str]":
        """Begin a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "querysafe", "backup", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.given(environment),
            start_new_session=True,
        )

    def given(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment of a command."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return {**kept, "PGPASSWORD": self.cluster.password, **self.environment, **environment}

    def end(self, running: "subprocess.Popen[str]", *, seconds: float = 90) -> Ended:
        """Wait for a command; whatever it does, it shows no secret and no traceback."""
        begun = time.monotonic()
        try:
            stdout, stderr = running.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
            raise
        ended = Ended(
            status=running.returncode,
            stdout=stdout,
            stderr=stderr,
            seconds=time.monotonic() - begun,
        )
        assert "Traceback" not in stderr, stderr[-_SHOWN:]
        for secret in self.secrets:
            assert secret not in ended.said
        if running.returncode not in (0, -signal.SIGKILL):
            assert stderr.strip(), "it failed without a word"
        return ended

    def run(self, *words: object, status: int | tuple[int, ...] = 0, **environment: str) -> Ended:
        """Run a command to its end, and expect its status."""
        ended = self.end(self.start(*words, **environment))
        expected = status if isinstance(status, tuple) else (status,)
        assert ended.status in expected, f"{ended.status}: {ended.said[-_SHOWN:]}"
        return ended

    def create(self, *more: object, status: int = 0, **environment: str) -> Ended:
        """Back the database up; a failure leaves nothing that is listed as ok."""
        before = {each["id"] for each in self.ok(**environment)} if status == 0 else set()
        ended = self.run(*self.creating(*more), status=status, **environment)
        if status == 0:
            assert len({each["id"] for each in self.ok()} - before) == 1
        return ended

    def creating(self, *more: object) -> tuple[object, ...]:
        """The words of ``create``."""
        return ("create", "--database", self.url(), "--repository", self.repository, *more)

    def restoring(self, suffix: str, *more: object) -> tuple[object, ...]:
        """The words of ``restore``."""
        return ("restore", "--repository", self.repository, "--target", self.url(suffix), *more)

    def listed(self, **environment: str) -> list[dict[str, Any]]:
        """What ``list`` shows."""
        words = ("list", "--repository", self.repository, "--format", "json")
        found = json.loads(self.run(*words, **environment).stdout)
        assert isinstance(found, list)
        return found

    def ok(self, **environment: str) -> list[dict[str, Any]]:
        """The whole ones."""
        if "://" not in self.repository and not Path(self.repository).exists():
            return []
        return [each for each in self.listed(**environment) if each["status"] == "ok"]

    def sql(self, statement: str, suffix: str = "") -> list[tuple[Any, ...]]:
        """Run statements in the database, or the one of a suffix."""
        with self.connected(suffix) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connected(self, suffix: str = "", **more: Any) -> Iterator["psycopg.Connection[Any]"]:
        """A connection to the database, or the one of a suffix."""
        with psycopg.connect(
            self.url(suffix),
            password=self.cluster.password,
            autocommit=more.pop("autocommit", True),
            client_encoding="UTF8",
            **more,
        ) as connection:
            yield connection

    def databases(self) -> set[str]:
        """Names of this bench's databases."""
        with psycopg.connect(self.cluster.url(driver=""), autocommit=True) as connection:
            rows = connection.execute("SELECT datname FROM pg_database").fetchall()
        return {name for (name,) in rows if name.startswith(self.database)}

    def fill(self, rows: int = 200) -> None:
        """Put a small shop into the database."""
        self.sql(
            "CREATE TABLE item (id int PRIMARY KEY, word text NOT NULL);"
            "INSERT INTO item SELECT i, md5(i::text) || md5((-i)::text) "
            f"FROM generate_series(1, {rows}) AS i"
        )

    def content(self, suffix: str = "") -> list[tuple[Any, ...]]:
        """What the shop holds."""
        return self.sql("SELECT count(*), sum(hashtext(word)) FROM item", suffix)

    def children(self) -> list[str]:
        """Command lines of programs that work on the database and are not ours to wait for."""
        mark = f"dbname={self.database}"
        found = []
        for pid, words in command_lines():
            if mark in words and "querysafe backup" not in words and pid != os.getpid():
                found.append(words)
        return found

    def is_quiet(self) -> bool:
        """Whether no program and no session of a backup or restore is left."""
        with psycopg.connect(self.cluster.url(driver=""), autocommit=True) as connection:
            sessions = connection.execute(
                "SELECT count(*)::int FROM pg_stat_activity WHERE datname LIKE %s || '%%' "
                "AND application_name = 'querysafe'",
                (self.database,),
            ).fetchone()
        return sessions == (0,) and not self.children()

    def assert_quiet(self) -> None:
        """Nothing runs on."""
        assert eventually(self.is_quiet, seconds=15), self.children()


def command_lines() -> Iterator[tuple[int, str]]:
    """Every process and its arguments."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            yield int(folder.name), words.replace(b"\0", b" ").decode(errors="replace")


class Watcher:
    """Looks at the arguments and environments of every process for as long as a block lasts."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.arguments: set[str] = set()
        self.environments: dict[str, str] = {}

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.005):
            for pid, words in command_lines():
                if self._mark not in words:
                    continue
                self.arguments.add(words)
                if "querysafe" not in words.split(" --dbname")[0]:
                    try:
                        given = Path(f"/proc/{pid}/environ").read_bytes()
                    except OSError:
                        continue
                    self.environments[words] = given.decode(errors="replace")
