"""Restoring a base backup: a directory that a server can start from, at the moment asked for."""

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from querysafe.backup import catalog, data_key
from querysafe.backup.base.aim import Aim, aim
from querysafe.backup.base.create import LIMITS
from querysafe.backup.base.directory import emptied, publish
from querysafe.backup.base.extract import extract
from querysafe.backup.base.target import Moment
from querysafe.backup.errors import ManifestError
from querysafe.backup.keys import Identities
from querysafe.backup.logical.restore import verify_bytes
from querysafe.backup.manifest import Manifest
from querysafe.backup.repository import Repository
from querysafe.backup.steps import Steps
from querysafe.backup.wal import archive
from querysafe.backup.wal.archive import Archived
from querysafe.backup.wal.coverage import Coverage
from querysafe.postgres.programs import for_server
from querysafe.postgres.running import run

WAL = "querysafe_wal"
"""Folder of the data directory that holds what recovery will ask for."""
_RESTORE = (
    f'test -d {WAL} || exit 255; test -f "{WAL}/%f" || exit 1; cp "{WAL}/%f" "%p" || exit 255'
)
"""Above 125 PostgreSQL stops, below it takes the log for ended (manual, 26.3.4)."""
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
    with emptied(directory) as work:
        for link in chain:
            if link.encryption != "none":
                data_key.opened(repository, link, wishes.identities)
        for link in chain:
            # The archive itself is proven as it is unpacked, and not read twice for that.
            small = tuple(part for part in link.parts if part != link.part("base"))
            verify_bytes(repository, link, steps, parts=small)
        wal = _Fetched(repository, work / WAL, wishes.identities)
        with steps.step("fetch the WAL", total=sum(file.size for file in coverage.chain)) as step:
            wal.advance = step.advance
            for history in coverage.histories:
                wal(history)
            aimed = aim(coverage, moment, wal, inclusive=wishes.inclusive)
        whole = _unpack(repository, chain, work, wishes, steps)
        wal.folder.rename(whole / WAL)
        _configure(whole, aimed, coverage, wishes)
        publish(whole, directory)
    return Prepared(
        directory=directory,
        backup=base.id,
        chain=tuple(link.id for link in chain),
        moment=str(moment),
        timeline=coverage.timeline,
        segments=aimed.segments,
        system_identifier=base.system_identifier,
        server_version=base.server_version,
    )


def _chain(repository: Repository, base: Manifest) -> list[Manifest]:
    chain = [base]
    while chain[0].parent is not None:
        chain.insert(0, catalog.find(repository, chain[0].parent))
    return chain


class _Fetched:
    """Fetches what recovery will ask for into a folder, each file proven by its hash."""

    def __init__(self, repository: Repository, folder: Path, identities: Identities | None) -> None:
        self._repository = repository
        self._identities = identities
        self.folder = folder
        self.advance: Callable[[int], None] = lambda _: None
        folder.mkdir(mode=0o700)

    def __call__(self, file: Archived) -> bytes:
        path = self.folder / file.name
        if path.exists():
            return path.read_bytes()
        data = archive.fetch(self._repository, file, self._identities)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as written:
            written.write(data)
            written.flush()
            os.fsync(written.fileno())
        self.advance(file.size)
        return data


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


def _configure(whole: Path, aimed: Aim, coverage: Coverage, wishes: Wishes) -> None:
    """Write the settings of the recovery, and comment out those of an earlier one.

    What must hold stands in ``postgresql.auto.conf``, which is read last; that nothing is
    archived stands in ``postgresql.conf``, where a line below it, ``ALTER SYSTEM`` and the
    command line can change it.
    """
    settings = {
        **aimed.settings,
        "recovery_target_action": wishes.action,
        "recovery_target_timeline": str(coverage.timeline),
        "restore_command": _RESTORE,
        "recovery_end_command": f"rm -rf {WAL}",
        **_limits(coverage.base.facts.get("limits", {})),
    }
    away = {"archive_mode": "off"}
    if not (whole / "postgresql.conf").exists():
        # Its configuration is elsewhere, as on Debian, and may switch the archive on.
        settings |= away
    for name, own in (("postgresql.conf", away), ("postgresql.auto.conf", settings)):
        path = whole / name
        kept = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        text = [f"# {line}" if _EARLIER.match(line) else line for line in kept]
        text += ["", "# Written by querysafe backup restore; remove it when recovery has ended."]
        text += [f"{key} = '{value.replace(chr(39), chr(39) * 2)}'" for key, value in own.items()]
        with path.open("w", encoding="utf-8") as file:
            file.write("\n".join(text) + "\n")
            file.flush()
            os.fsync(file.fileno())
        path.chmod(0o600)
    _local_access(whole)
    (whole / "standby.signal").unlink(missing_ok=True)
    (whole / "recovery.signal").touch(mode=0o600)


def _limits(recorded: Mapping[str, str]) -> dict[str, str]:
    for name, value in recorded.items():
        if name not in LIMITS or not str(value).isdecimal():
            raise ManifestError(f'the manifest sets "{name}", which is no limit of recovery')
    return dict(recorded)


def _local_access(whole: Path) -> None:
    """Files that some systems keep elsewhere, such as Debian: a server does not start without."""
    for name, text in (
        ("pg_hba.conf", "local all all peer\nhost all all 127.0.0.1/32 scram-sha-256\n"),
        ("pg_ident.conf", ""),
    ):
        if not (whole / name).exists():
            (whole / name).write_text(text, encoding="utf-8")
