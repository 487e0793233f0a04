"""Barman (https://docs.pgbarman.org): one of its servers."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from querysafe.backup.engine.contract import Engine, Held
from querysafe.backup.errors import BackupError

_STATUS = {"DONE": "ok", "FAILED": "damaged"}
_WHY = {
    "FAILED": "it failed",
    "WAITING_FOR_WALS": "the WAL that makes it consistent is not archived yet",
}


@dataclass(frozen=True, slots=True)
class Barman(Engine):
    """The backups of one server."""

    program: ClassVar[str] = "barman"
    package: ClassVar[str] = "barman"

    def backups(self) -> tuple[Held, ...]:
        """Ask ``list-backups``."""
        found = self._json("list-backups", self.name).get(self.name, [])
        return tuple(sorted(map(_held, found), key=lambda each: each.started, reverse=True))

    def create(self, *, incremental: bool) -> Held:
        """Run ``backup --wait``, which ends when its WAL is archived."""
        if incremental:
            raise BackupError(
                "barman decides by its reuse_backup setting whether a backup is incremental",
                hint="leave --incremental out",
            )
        self.run(*self._common(), "backup", "--wait", self.name)
        return self.find("latest")

    def verify(self, id: str) -> tuple[str, ...]:
        """Run ``check-backup``, for its WAL, and ``verify-backup``, for its files."""
        held = self.find(id)
        problems = [] if held.status == "ok" else [held.problem]
        for command in ("check-backup", "verify-backup"):
            done = self.tried(*self._common(), command, self.name, held.id)
            if done.returncode:
                said = (done.stderr.strip() or done.stdout.strip())[-1000:]
                problems.append(f"barman {command}: {said}")
        after = self.find(held.id)
        if after.status != "ok" and after.problem not in problems:
            problems.append(after.problem)
        return tuple(problems)

    def restore(self, id: str, directory: Path) -> None:
        """Run ``recover`` with all the WAL that Barman has, which it puts into ``pg_wal``.

        Without a target it leaves the server to replay that as after a crash, when no time is
        noted. Recovery of an archive that has nothing more reads the same files, and notes when
        the last transaction ended (manual, 26.3.4).
        """
        self.run(*self._common(), "recover", self.name, id, str(directory))
        if not (directory / "recovery.signal").exists():
            with (directory / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
                file.write("restore_command = 'false'\nrecovery_target_timeline = 'latest'\n")
            (directory / "recovery.signal").touch()

    def major(self, id: str) -> int:
        """As ``show-backup`` says."""
        shown = self._json("show-backup", self.name, id).get(self.name, {})
        try:
            return int(shown["postgresql_version"]) // 10000
        except (KeyError, TypeError, ValueError):
            raise BackupError(f'barman does not know what PostgreSQL "{id}" is of') from None

    def _json(self, *arguments: str) -> dict[str, Any]:
        text = self.run(*self._common(), "-f", "json", *arguments)
        try:
            return dict(json.loads(text))
        except ValueError:
            raise BackupError(f"barman {arguments[0]} answered no JSON: {text[:200]}") from None

    def _common(self) -> list[str]:
        return ["-c", str(self.config)] if self.config else []


def _held(each: dict[str, Any]) -> Held:
    done = each.get("end_time_timestamp")
    # A backup of Barman is called after the moment it began, in the machine's own time.
    started = datetime.strptime(each["backup_id"], "%Y%m%dT%H%M%S").astimezone(UTC)
    status = each["status"]
    return Held(
        id=each["backup_id"],
        status=_STATUS.get(status, "unfinished"),
        problem=_WHY.get(status, "" if status == "DONE" else f"its status is {status}"),
        started=started,
        ended=datetime.fromtimestamp(int(done), UTC) if done else None,
        size=each.get("size_bytes"),
        raw_size=None,
    )
