"""``querysafe advise`` in a process of its own, and all that it may not change."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from querysafe.postgres import Cluster
from querysafe.postgres.running import as_user

SHOP = """
CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL, status text, note text);
CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL);
CREATE SCHEMA billing;
CREATE TABLE billing.invoices (id int PRIMARY KEY, order_id int NOT NULL);
INSERT INTO orders SELECT i, i % 7, 'open', 'x' FROM generate_series(1, 50) i;
"""
BY_USER = "SELECT * FROM orders WHERE user_id = 7;\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One database of a server and a folder to work in."""

    cluster: Cluster
    database: str
    folder: Path
    user: str = "postgres"
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        """The database, without a password."""
        return f"postgresql://{self.user}@{self.cluster.host}:{self.cluster.port}/{self.database}"

    def write(self, name: str, content: str | bytes) -> str:
        """Put a file into the folder."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run SQL in the database as the superuser."""
        with psycopg.connect(self.cluster.url(self.database, driver=""), autocommit=True) as open_:
            cursor = open_.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(
        self, *words: object, owner: str | None = None, **environment: str
    ) -> "subprocess.Popen[str]":
        """Begin a command; ``owner`` is the user of this machine who runs it."""
        return subprocess.Popen(
            [sys.executable, "-m", "querysafe", "advise", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**_plain(os.environ), "PGPASSWORD": self.password, **environment},
            start_new_session=True,
            **as_user(owner),
        )

    def end(self, running: "subprocess.Popen[str]", *, seconds: float = 120) -> Ended:
        """Wait for a command; whatever it does, it shows no password and no traceback."""
        try:
            stdout, stderr = running.communicate(timeout=seconds)
        except BaseException:
            os.killpg(running.pid, signal.SIGKILL)
            raise
        assert "Traceback" not in stderr, stderr
        assert self.cluster.password not in stdout + stderr
        assert running.returncode == -signal.SIGKILL or self.clones(running.pid) == []
        return Ended(status=running.returncode, stdout=stdout, stderr=stderr)

    def advise(self, *words: object, **environment: str) -> Ended:
        """Advise on the database."""
        return self.end(self.start(*words, "--database", self.url, **environment))

    def clones(self, pid: int) -> list[tuple[Any, ...]]:
        """The clones that a process has made and not dropped."""
        return self.execute(
            f"SELECT datname FROM pg_database WHERE datname ~ '^querysafe_clone_{pid}_'"
        )

    def state(self) -> Sequence[object]:
        """All that a command may not change: this database and the folder. The server is shared."""
        return (
            self.execute(
                "SELECT relname, relfilenode, relpages, reltuples FROM pg_class "
                "WHERE oid >= 16384 ORDER BY oid"
            ),
            self.execute("SELECT count(*) FROM orders"),
            {
                path.relative_to(self.folder).as_posix(): path.read_bytes()
                for path in sorted(self.folder.rglob("*"))
                if path.is_file() and "__pycache__" not in path.parts
            },
        )


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("PG", "QUERYSAFE_", "COV", "PYTEST"))
    }
