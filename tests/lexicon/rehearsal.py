"""The second half of the demo: the lexicon is backed up, loses a table, and gets it back.

Everything goes through the command line of querysafe, as a user would type it, into an S3 server
of this machine where ``rclone`` is installed, else into a directory.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import URL

from querysafe.backup.base.recover import recovered
from querysafe.backup.retention import Policy, select
from querysafe.postgres.target import Target
from tests.integration.backup.s3 import RCLONE, store

_CHANGES = """
INSERT INTO translation (id, concept_id, language_id, form, text, search_key)
SELECT (SELECT max(id) FROM translation) + number, concept_id, language_id, 'new ' || number,
       text, search_key
  FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM translation) AS numbered
 WHERE number <= 500;
UPDATE language SET name = name || ' *' WHERE parent_id IS NULL;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where it plays."""

    console: Console
    database: Target
    environment: Mapping[str, str]
    work: Path

    def querysafe(self, *arguments: str) -> Any:
        """Run a command, show it as it would be typed, and return what it says in JSON."""
        self.show(arguments)
        done = subprocess.run(
            [sys.executable, "-m", "querysafe", "backup", *arguments, "--format", "json"],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"querysafe backup {arguments[0]}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def show(self, arguments: Sequence[str]) -> None:
        """Show a command; folders of this demo by their names only."""
        line = " ".join(arguments).replace(f"{self.work}/", "")
        self.console.print(Text(f"  $ querysafe backup {line}", style="dim"), soft_wrap=True)

    def tell(self, text: str) -> None:
        line = Text("  ✓ ", style="green").append(text, style="default")
        self.console.print(line, soft_wrap=True)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(self.database.connect(autocommit=True)) as connection:
            return _rows(connection, statement)


def rehearse(console: Console, url: URL) -> None:
    """Play it. Raises :class:`RuntimeError` when a command fails or a row is missing."""
    console.print()
    console.rule("Backups: a table is dropped by accident, and restored", align="left")
    with ExitStack() as stack:
        stage = stack.enter_context(_stage(console, url))
        times = _lose_and_restore(stage)
        for kind in ("logical", "base"):
            found = stage.querysafe("drill", "--kind", kind)
            outcomes = [check["outcome"] for check in found["checks"]]
            stage.tell(
                f"drill of the {kind} backup: {outcomes.count('passed')} checks passed, "
                f"{outcomes.count('failed')} failed, {outcomes.count('skipped')} skipped"
            )
            times.append((f"{kind} backup, drilled", found["rto_seconds"], found["rpo_seconds"]))
    table = Table(box=None, pad_edge=False)
    for name in ("", "restored in (RTO)", "may lose (RPO)"):
        table.add_column(name, justify="right" if name else "left")
    for what, rto, rpo in times:
        table.add_row(what, f"{rto:.1f} s", f"{rpo:.1f} s")
    console.print()
    console.print(table)
    _year(console)


def _lose_and_restore(stage: Stage) -> list[tuple[str, float, float]]:
    logical = stage.querysafe("create")
    stage.tell(
        f"logical backup: {logical['tables']} tables, {logical['rows']:,} rows, "
        f"{logical['size'] / 1e6:.1f} MB in {logical['seconds']:.1f} s, read back from the store"
    )
    base = stage.querysafe("create", "--kind", "base")
    stage.tell(f"base backup: {base['size'] / 1e6:.1f} MB in {base['seconds']:.1f} s")
    with _receiving(stage) as archived:
        stage.tell("the WAL is received and archived as it is written")
        stage.rows(_CHANGES)
        before = stage.rows("SELECT count(*), sum(hashtext(text)) FROM translation")
        ((moment,),) = stage.rows("SELECT clock_timestamp()")
        time.sleep(0.05)
        stage.rows("DROP TABLE translation CASCADE")
        lost_at = datetime.now(UTC)
        stage.tell(f"500 rows were added; then somebody dropped all {before[0][0]:,} translations")
        ((segment,),) = stage.rows("SELECT pg_walfile_name(pg_current_wal_lsn())")
        stage.rows("SELECT pg_switch_wal()")
        archived(segment)
        behind = (datetime.now(UTC) - lost_at).total_seconds()
    began = time.perf_counter()
    directory = stage.work / "restored"
    text = moment.astimezone(UTC).isoformat()
    stage.querysafe("restore", "--data-directory", str(directory), "--to-time", text)
    major = int(stage.rows("SHOW server_version")[0][0].partition(".")[0])
    with recovered(directory, major=major) as (target, reached):
        seconds = time.perf_counter() - began
        with closing(target.to(stage.database.database).connect()) as connection:
            after = _rows(connection, "SELECT count(*), sum(hashtext(text)) FROM translation")
    if after != before:
        raise RuntimeError(f"restored {after} instead of {before}")
    stage.tell(f"recovery stopped {reached.stopped}")
    stage.tell(f"all {after[0][0]:,} translations are back, equal to those of the moment before")
    return [("cluster, to the moment before", seconds, behind)]


@contextmanager
def _stage(console: Console, url: URL) -> Iterator[Stage]:
    database = Target.parse(url.render_as_string(hide_password=False))
    with ExitStack() as stack:
        work = Path(tempfile.mkdtemp(prefix="querysafe-demo-"))
        stack.callback(shutil.rmtree, work, ignore_errors=True)
        work.chmod(0o711)
        environment = dict(stack.enter_context(database.credentials()))
        repository = str(work / "repository")
        if RCLONE is not None:
            repository = "s3://bucket/lexicon"
            environment |= stack.enter_context(store(work / "s3")).environment
        environment |= {
            "QUERYSAFE_BACKUP_DATABASE": database.conninfo,
            "QUERYSAFE_BACKUP_REPOSITORY": repository,
        }
        console.print(Text(f"  repository {repository}, passwords in a passfile", style="dim"))
        yield Stage(console=console, database=database, environment=environment, work=work)


@contextmanager
def _receiving(stage: Stage) -> Iterator[Any]:
    """``wal-receive`` for the block; yields what waits for a segment to be archived."""
    arguments = ["wal-receive", "--synchronous", "--spool", str(stage.work / "spool")]
    stage.show([*arguments, "&"])
    said = stage.work / "receiver.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "querysafe", "backup", *arguments, "--format", "json"],
            env=dict(stage.environment),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def wait(what: str) -> None:
        deadline = time.monotonic() + 60
        while what not in said.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"wal-receive: {said.read_text()}")
            time.sleep(0.05)

    try:
        wait('"started"')
        yield lambda segment: wait(f"archived {segment}")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _year(console: Console) -> None:
    """A backup each night of a year, and what the retention leaves of them."""
    policy = Policy(daily=7, weekly=4, monthly=12)
    first = datetime(2026, 1, 1, 2, tzinfo=UTC)
    there: list[datetime] = []
    for day in range(365):
        there.append(first + timedelta(days=day))
        kept = set(select(there, policy))
        there = [each for number, each in enumerate(there) if number in kept]
    console.print()
    console.print(
        f"A backup each night of a year under 7 daily, 4 weekly, 12 monthly: {len(there)} of 365 stay",
        soft_wrap=True,
    )
    months: dict[str, list[str]] = {}
    for each in sorted(there):
        months.setdefault(f"{each:%b}", []).append(f"{each:%d}")
    console.print(
        Text("  " + ", ".join(f"{m} {' '.join(d)}" for m, d in months.items())), soft_wrap=True
    )


def _rows(connection: "psycopg.Connection[Any]", statement: str) -> list[tuple[Any, ...]]:
    cursor = connection.execute(statement.encode())
    return cursor.fetchall() if cursor.description else []
