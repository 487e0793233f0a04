"""``querysafe backup`` as a user calls it."""

import json
from pathlib import Path
from typing import Any

import psycopg
from click.testing import CliRunner, Result

from querysafe.cli import main


def run(*arguments: object, status: int = 0) -> Result:
    """Run a command and expect its status."""
    done = CliRunner().invoke(main, ["backup", *map(str, arguments)], prog_name="querysafe")
    assert done.exit_code == status, f"{done.exit_code}: {done.output} {done.exception!r}"
    return done


def told(*arguments: object, status: int = 0) -> Any:
    """What a command says in JSON."""
    return json.loads(run(*arguments, "--format", "json", status=status).stdout)


def create(dsn: str, repository: Path, *more: object) -> Any:
    """Take a backup."""
    return told("create", "--database", dsn, "--repository", repository, *more)


def listed(repository: Path) -> Any:
    """The backups of a repository."""
    return told("list", "--repository", repository)


def rows(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    """What a query answers."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def execute(dsn: str, statement: str) -> None:
    """Run statements."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


def damage(repository: Path, pattern: str, *, truncate: bool = False) -> Path:
    """Flip a byte in the middle of a stored object, or cut it in half."""
    path = max(repository.rglob(pattern), key=lambda each: each.stat().st_size)
    data = bytearray(path.read_bytes())
    if truncate:
        del data[len(data) // 2 :]
    else:
        data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    return path
