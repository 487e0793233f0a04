"""Restoring a base backup: a directory that a server can start from, at the moment asked for."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from querysafe.backup import catalog
from querysafe.backup.base.extract import extract
from querysafe.backup.base.target import Moment
from querysafe.backup.errors import BackupError, RestoreRefused
from querysafe.backup.keys import Identities
from querysafe.backup.logical.restore import verify_bytes
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps
from querysafe.backup.wal import archive, names, scan
from querysafe.backup.wal.coverage import Coverage
from querysafe.errors import ProgramNotFound
from querysafe.postgres.programs import for_server
from querysafe.postgres.running import run

WAL = "querysafe_wal"
"""Folder of the data directory that holds what recovery will ask for."""
_UNFINISHED = ".querysafe-unfinished"
_CONTROL = Path("global", "pg_control")
_EARLIER = re.compile(
    r"^\s*(recovery_target\w*|restore_command|recovery_end_command|archive_cleanup_command"
    r"|archive_mode|primary_conninfo|primary_slot_name)\b"
)
"""Settings of an earlier recovery: PostgreSQL refuses two targets, even where one is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asks of a restored cluster."""

    action: str = "promote"
    """``promote``, ``pause`` or ``shutdown`` when the moment is reached."""
    inclusive: bool = True
    identities: Identities | None = None
    bin_directory: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A data directory that recovers when a server starts in it."""

    directory: Path
    backup: str
    chain: tuple[str, ...]
    """The backups it was made of, the full one first."""
    moment: str
    timeline: int
    segments: int
    """How many segments of the archive lie ready."""
    system_identifier: str
    server_version: str


def restore(
    repository: Repository,
    coverage: Coverage,
    moment: Moment,
    directory: Path,
    wishes: Wishes | None = None,
    steps: Steps | None = None,
) -> Prepared:
    """Make a data directory of a base backup and the WAL up to a moment.

    Everything that recovery will read is fetched and its hash proven before the directory
    can be started: ``global/pg_control`` comes last. Raises :class:`RestoreRefused` when the
    directory is not empty, :class:`DamagedBackup`, :class:`KeyMissing`; the directory is
    then empty again.
    """
    wishes, steps = wishes or Wishes(), steps or Steps()
    base = coverage.base
    chain = _chain(repository, base)
    with _emptied(directory) as work:
        for link in chain:
            verify_bytes(repository, link, steps)
        whole = _unpack(repository, chain, work, wishes, steps)
        segments = _fetch_wal(repository, coverage, moment, whole / WAL, wishes, steps)
        wanted = _settled(coverage, moment, whole / WAL, segments, wishes)
        _configure(whole, wanted, coverage, wishes)
        _publish(whole, directory)
    return Prepared(
        directory=directory,
        backup=base.id,
        chain=tuple(link.id for link in chain),
        moment=str(moment),
        timeline=coverage.timeline,
        segments=len(segments),
        system_identifier=base.system_identifier,
        server_version=base.server_version,
    )


def _chain(repository: Repository, base: Manifest) -> list[Manifest]:
    chain = [base]
    while chain[0].parent is not None:
        chain.insert(0, catalog.find(repository, chain[0].parent))
    return chain


@contextmanager
def _emptied(directory: Path) -> Iterator[Path]:
    """A place to work within an empty directory; a failure leaves it empty."""
    made = not directory.exists()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = {path.name for path in directory.iterdir()}
    except OSError as error:
        raise RestoreRefused(f'"{directory}" cannot be used: {error.strerror}') from None
    if _UNFINISHED in there and not (directory / _CONTROL).exists():
        _clear(directory)
    elif there:
        raise RestoreRefused(
            f'the directory "{directory}" is not empty', hint="name an empty or a new one"
        )
    work = directory / _UNFINISHED
    work.mkdir(mode=0o700)
    try:
        yield work
    except OSError as error:
        raise BackupError(f'"{error.filename or directory}": {error.strerror}') from None
    finally:
        if work.exists():
            _clear(directory)
            if made:
                shutil.rmtree(directory, ignore_errors=True)


def _clear(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _unpack(
    repository: Repository, chain: Sequence[Manifest], work: Path, wishes: Wishes, steps: Steps
) -> Path:
    """Unpack a backup, and those that it builds upon; return the directory of the whole."""
    folders: list[Path] = []
    for number, link in enumerate(chain):
        folder = work / str(number)
        folder.mkdir(mode=0o700)
        extract(repository, link, folder, identities=wishes.identities, steps=steps)
        folders.append(folder)
    if len(folders) == 1:
        return folders[0]
    major = int(chain[-1].server_version.partition(".")[0])
    program = for_server("pg_combinebackup", major, bin_directory=wishes.bin_directory)
    whole = work / "whole"
    with steps.step("pg_combinebackup"):
        run(
            program,
            [*map(str, folders), f"--output={whole}", "--manifest-checksums=SHA256"],
            timeout_seconds=24 * 3600,
        )
    for folder in folders:
        shutil.rmtree(folder)
    return whole


def _fetch_wal(
    repository: Repository,
    coverage: Coverage,
    moment: Moment,
    folder: Path,
    wishes: Wishes,
    steps: Steps,
) -> list[Path]:
    """Fetch the segments that recovery will ask for, each proven by its hash."""
    folder.mkdir(mode=0o700)
    needed = list(coverage.chain)
    if moment.time is not None:
        later = [index for index, file in enumerate(needed) if file.modified >= moment.time]
        needed = needed[: later[0] + 2] if later else needed
    elif moment.lsn is not None:
        size = int(coverage.base.facts.get("wal_segment_size", 16 * 2**20))
        needed = [
            file for file in needed if names.Segment.parse(file.name, size).start <= moment.lsn
        ]
    paths: list[Path] = []
    with steps.step("fetch the WAL", total=sum(file.size for file in needed)) as step:
        for file in (*coverage.histories, *needed):
            path = folder / file.name
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as written:
                written.write(archive.fetch(repository, file, wishes.identities))
                written.flush()
                os.fsync(written.fileno())
            step.advance(file.size)
            if names.SEGMENT.fullmatch(file.name):
                paths.append(path)
    return paths


def _settled(
    coverage: Coverage, moment: Moment, folder: Path, segments: Sequence[Path], wishes: Wishes
) -> Moment:
    """The moment as recovery can stop at it.

    PostgreSQL refuses a time after which no transaction ends. Where the archive shows that
    none does, its end is the same state. A restore point must exist.
    """
    if moment.time is None and moment.name is None:
        return moment
    major = int(coverage.base.server_version.partition(".")[0])
    try:
        program = for_server("pg_waldump", major, bin_directory=wishes.bin_directory)
    except ProgramNotFound:
        return moment
    if moment.name is not None:
        own = sorted(path for path in (folder.parent / "pg_wal").iterdir() if path.is_file())
        ordered = [*(path for path in own if names.SEGMENT.fullmatch(path.name)), *segments]
        if scan.restore_point(program, ordered, moment.name) is None:
            raise RestoreRefused(
                f'there is no {moment} after the base backup "{coverage.base.id}"; '
                f"{coverage.told()}",
                hint="name another, or an older backup with --id",
            )
        return moment
    last = scan.last_commit(program, segments)
    assert moment.time is not None
    if last is None or last <= moment.time:
        return Moment(timeline=moment.timeline)
    return moment


def _configure(whole: Path, moment: Moment, coverage: Coverage, wishes: Wishes) -> None:
    settings: dict[str, str] = {}
    if moment.time is not None:
        settings["recovery_target_time"] = f"{moment.time.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f+00}"
    elif moment.lsn is not None:
        settings["recovery_target_lsn"] = names.format_lsn(moment.lsn)
    elif moment.name is not None:
        settings["recovery_target_name"] = moment.name
    settings |= {
        "recovery_target_action": wishes.action,
        "recovery_target_inclusive": "on" if wishes.inclusive else "off",
        "recovery_target_timeline": str(coverage.timeline),
        "restore_command": f'cp "{WAL}/%f" "%p"',
        "archive_mode": "off",
        **coverage.base.facts.get("limits", {}),
    }
    lines = ["", "# Written by querysafe backup restore; remove them when recovery has ended."]
    lines += [
        f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()
    ]
    for name in ("postgresql.conf", "postgresql.auto.conf"):
        path = whole / name
        kept = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        text = [f"# {line}" if _EARLIER.match(line) else line for line in kept]
        with path.open("w", encoding="utf-8") as file:
            file.write("\n".join([*text, *(lines if name.endswith("auto.conf") else ())]) + "\n")
            file.flush()
            os.fsync(file.fileno())
    _local_access(whole)
    (whole / "standby.signal").unlink(missing_ok=True)
    (whole / "recovery.signal").touch(mode=0o600)


def _local_access(whole: Path) -> None:
    """Files that some systems keep elsewhere, such as Debian: a server does not start without."""
    for name, text in (
        ("pg_hba.conf", "local all all peer\nhost all all 127.0.0.1/32 scram-sha-256\n"),
        ("pg_ident.conf", ""),
    ):
        if not (whole / name).exists():
            (whole / name).write_text(text, encoding="utf-8")


def _publish(whole: Path, directory: Path) -> None:
    """Move everything into place, the control file last: without it no server starts."""
    held = whole.parent / "pg_control"
    (whole / _CONTROL).rename(held)
    for path in whole.iterdir():
        path.rename(directory / path.name)
    held.rename(directory / _CONTROL)
    for folder in (directory / "global", directory):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    status = directory.stat()
    if os.geteuid() == 0 and status.st_uid:
        for path in directory.rglob("*"):
            os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)
    directory.chmod(0o700)
    shutil.rmtree(whole.parent)
