"""A restore drill of an engine's backup: the engine restores, we start it and look."""

import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from querysafe.backup.base.recover import recovered
from querysafe.backup.drill.checks import Restored, look
from querysafe.backup.drill.result import FAILED, PASSED, Check, Drill
from querysafe.backup.engine.contract import Engine
from querysafe.errors import ProgramNotFound, QuerysafeError
from querysafe.postgres.programs import for_server
from querysafe.postgres.running import run

_DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND datname <> 'template1'"
_SETTING = re.compile(r"^(max_\w+) setting: +(\d+)$", re.MULTILINE)
_PREPARED = {"max_prepared_xacts": "max_prepared_transactions"}


def drill(
    engine: Engine, id: str, *, smoke: Sequence[Path] = (), bin_directory: Path | None = None
) -> Drill:
    """Let an engine restore a backup into a scratch directory, start a server in it, and look.

    What is wrong is a failed check. Raises :class:`QuerysafeError` when there is no such backup
    or no program for it.
    """
    held = engine.find(id)
    major = engine.major(held.id)
    started = datetime.now(UTC)
    began = time.monotonic()
    checks: list[Check] = []
    seconds: float | None = None
    newest = held.ended or held.started
    work = Path(tempfile.mkdtemp(prefix="querysafe-drill-"))
    try:
        work.chmod(0o711)
        engine.restore(held.id, work / "data")
        _startable(work / "data", major, bin_directory)
        with recovered(work / "data", major=major, bin_directory=bin_directory) as (target, at):
            seconds = time.monotonic() - began
            # The archived WAL goes on where the backup ended; where it holds no transaction,
            # the backup's end is what is sure.
            newest = max(newest, at.last_committed or newest)
            detail = f"by {engine.program}; recovery stopped {at.stopped}, LSN {at.lsn}"
            checks.append(Check(name="restore", outcome=PASSED, detail=detail, seconds=seconds))
            with closing(target.connect(autocommit=True)) as connection:
                names = [name for (name,) in connection.execute(_DATABASES).fetchall()]
            for name in names:
                # The application's queries are tried where the application's data is.
                own = smoke if name != "postgres" or len(names) == 1 else ()
                restored = Restored(target=target.to(name), bin_directory=bin_directory, smoke=own)
                checks += look(restored, whole=False)
    except ProgramNotFound:
        raise
    except QuerysafeError as error:
        spent = time.monotonic() - began
        checks.append(Check(name="restore", outcome=FAILED, detail=str(error), seconds=spent))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Drill(
        backup=held.id,
        kind=engine.program,
        database="",
        moment="the end of the archive",
        started=started,
        ended=datetime.now(UTC),
        checks=tuple(checks),
        restore_seconds=seconds,
        age_seconds=(started - newest).total_seconds(),
    )


def _startable(directory: Path, major: int, bin_directory: Path | None) -> None:
    """Write the settings that some systems, such as Debian, keep outside the data directory.

    Recovery wants some of them no lower than they were (manual, 26.4.7); the control file
    knows them.
    """
    for name in ("pg_hba.conf", "pg_ident.conf"):
        (directory / name).touch()
    conf = directory / "postgresql.conf"
    if conf.exists():
        return
    program = for_server("pg_controldata", major, bin_directory=bin_directory)
    told = run(program, [f"--pgdata={directory}"])
    lines = [f"{_PREPARED.get(name, name)} = {value}" for name, value in _SETTING.findall(told)]
    conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
