"""What a drill looks at in a restored database. Each check says what it found, good or bad."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from querysafe.backup.drill.result import FAILED, PASSED, SKIPPED, Check
from querysafe.backup.logical.create import canonical, is_schema
from querysafe.backup.manifest import Manifest
from querysafe.errors import ProgramNotFound, QuerysafeError
from querysafe.postgres.programs import for_server
from querysafe.postgres.running import run
from querysafe.postgres.target import Target

if TYPE_CHECKING:
    import psycopg

AMCHECK_SECONDS = 4 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A restored database to look at."""

    target: Target
    manifest: Manifest | None = None
    """What was recorded at backup time; ``None`` of an engine's backup."""
    bin_directory: Path | None = None
    smoke: Sequence[Path] = ()
    """Files of the application's own queries."""

    @property
    def recorded(self) -> Manifest:
        """The manifest, for a check that needs it."""
        assert self.manifest is not None
        return self.manifest


def look(restored: Restored, *, whole: bool) -> Iterator[Check]:
    """Run every check; ``whole`` are those that need what a logical backup recorded."""
    checks: list[Callable[[Restored], Check]] = [_indexes, _constraints]
    if whole:
        checks += [_schema, _extensions, _alembic]
    checks += [_amcheck, _smoke]
    for check in checks:
        began = time.monotonic()
        try:
            found = check(restored)
        except QuerysafeError as error:
            found = Check(name=check.__name__.strip("_"), outcome=FAILED, detail=error.message)
        yield replace(found, seconds=time.monotonic() - began)


@contextmanager
def _connected(restored: Restored) -> "Iterator[psycopg.Connection[Any]]":
    with closing(restored.target.connect(autocommit=True)) as connection:
        yield connection


def _judged(name: str, wrong: Sequence[str], good: str) -> Check:
    if wrong:
        more = f", and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        return Check(name=name, outcome=FAILED, detail=f"{', '.join(wrong[:5])}{more}")
    return Check(name=name, outcome=PASSED, detail=good)


def _indexes(restored: Restored) -> Check:
    with _connected(restored) as connection:
        rows = connection.execute(
            "SELECT indexrelid::regclass::text, indisvalid AND indisready FROM pg_index"
        ).fetchall()
    invalid = [f"the index {name} is invalid" for name, is_valid in rows if not is_valid]
    return _judged("indexes", invalid, f"{len(rows)} indexes are valid")


def _constraints(restored: Restored) -> Check:
    """Constraints that were valid stay valid; one that never was is no fault of the backup."""
    with _connected(restored) as connection:
        rows = connection.execute(
            "SELECT conrelid::regclass::text || '.' || conname, convalidated FROM pg_constraint"
        ).fetchall()
    never = sum(1 for _, is_valid in rows if not is_valid)
    told = f"{len(rows)} constraints" + (
        f", {never} of them NOT VALID as declared" if never else ""
    )
    return Check(name="constraints", outcome=PASSED, detail=told)


def _schema(restored: Restored) -> Check:
    manifest = restored.recorded
    with _connected(restored) as connection:
        major = connection.info.server_version // 10000
    program = for_server("pg_dump", major, bin_directory=restored.bin_directory)
    version = ".".join(map(str, program.version))
    same = int(manifest.server_version.partition(".")[0]) == major
    if not same or manifest.tools.get("pg_dump") != version:
        return Check(
            name="schema",
            outcome=SKIPPED,
            detail=f"taken by pg_dump {manifest.tools.get('pg_dump')} of PostgreSQL "
            f"{manifest.server_version}, this is {version} of {major}",
        )
    with restored.target.credentials() as environment:
        text = run(
            program,
            ["--schema-only", "--no-password", f"--dbname={restored.target.conninfo}"],
            environment=environment,
            timeout_seconds=600,
        )
    import hashlib

    lines = (canonical(line) + b"\n" for line in text.encode().split(b"\n")[:-1] if is_schema(line))
    found = hashlib.sha256(b"".join(lines)).hexdigest()
    wrong = [] if found == manifest.schema_sha256 else ["the restored schema is another one"]
    return _judged("schema", wrong, "equal, statement for statement")


def _extensions(restored: Restored) -> Check:
    with _connected(restored) as connection:
        found = dict(connection.execute("SELECT extname, extversion FROM pg_extension").fetchall())
    expected = restored.recorded.facts.get("extensions", {})
    wrong = [f"the extension {name} is missing" for name in expected if name not in found]
    return _judged("extensions", wrong, ", ".join(sorted(found)))


def _alembic(restored: Restored) -> Check:
    expected = restored.recorded.facts.get("alembic_heads") or []
    if not expected:
        return Check(name="alembic", outcome=SKIPPED, detail="the database has no Alembic history")
    with _connected(restored) as connection:
        rows = connection.execute("SELECT version_num FROM public.alembic_version ORDER BY 1")
        found = [row[0] for row in rows]
    wrong = [] if found == expected else [f"Alembic is at {found} instead of {expected}"]
    return _judged("alembic", wrong, f"at {', '.join(found)}")


def _amcheck(restored: Restored) -> Check:
    """``pg_amcheck`` reads every table and B-tree index (manual, Reference)."""
    with _connected(restored) as connection:
        version = connection.info.server_version
        row = connection.execute(
            "SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'"
        ).fetchone()
    if version < 140000:
        return Check(name="amcheck", outcome=SKIPPED, detail="PostgreSQL 14 and newer have it")
    if row is None or not row[0]:
        return Check(name="amcheck", outcome=SKIPPED, detail="the server lacks the extension")
    try:
        program = for_server("pg_amcheck", version // 10000, bin_directory=restored.bin_directory)
    except ProgramNotFound as error:
        return Check(name="amcheck", outcome=SKIPPED, detail=error.message)
    target = restored.target
    arguments = ["--no-password", "--install-missing=querysafe_amcheck", target.conninfo]
    with _schema_for_amcheck(restored), target.credentials() as environment:
        done = subprocess.run(
            [str(program.path), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=AMCHECK_SECONDS,
            cwd=os.sep,
        )
    said = target.without_secrets(done.stdout + done.stderr)[-1000:]
    wrong = [said or f"pg_amcheck ended with status {done.returncode}"] if done.returncode else []
    return _judged("amcheck", wrong, "every table and B-tree index is sound")


@contextmanager
def _schema_for_amcheck(restored: Restored) -> Iterator[None]:
    with _connected(restored) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS querysafe_amcheck")
    yield


def _smoke(restored: Restored) -> Check:
    """The application's own queries: each must run, and none may answer a plain ``false``."""
    import psycopg

    if not restored.smoke:
        return Check(name="smoke", outcome=SKIPPED, detail="no --smoke file was named")
    wrong: list[str] = []
    count = 0
    with _connected(restored) as connection:
        connection.execute("SET default_transaction_read_only = on")
        connection.execute("SET statement_timeout = '5min'")
        for path in restored.smoke:
            for statement in statements_of(path):
                count += 1
                shown = " ".join(statement.split())[:80]
                try:
                    cursor = connection.execute(statement)
                    if cursor.description and cursor.fetchone() == (False,):
                        wrong.append(f"{path.name}: false: {shown}")
                except psycopg.Error as error:
                    said = error.diag.message_primary or type(error).__name__
                    wrong.append(f"{path.name}: {said}: {shown}")
    return _judged("smoke", wrong, f"{count} queries")


def statements_of(path: Path) -> list[str]:
    """The statements of a ``.sql`` file."""
    import sqlparse

    texts = (text.strip().rstrip(";") for text in sqlparse.split(path.read_text(encoding="utf-8")))
    return [
        text for text in texts if sqlparse.format(text, strip_comments=True).strip().rstrip(";")
    ]
