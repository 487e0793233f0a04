"""pgBackRest (https://pgbackrest.org, "Command Reference"): a stanza of it."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from querysafe.backup.engine.contract import Engine, Held
from querysafe.backup.errors import BackupError

_WRONG = re.compile(r"(?:missing|checksum invalid|size invalid|other): [1-9]")


@dataclass(frozen=True, slots=True)
class PgBackRest(Engine):
    """The backups of one stanza."""

    program: ClassVar[str] = "pgbackrest"
    package: ClassVar[str] = "pgbackrest"

    def backups(self) -> tuple[Held, ...]:
        """Ask ``info --output=json``."""
        stanza = self._info()
        versions = {each["id"]: each["version"] for each in stanza.get("db", ())}
        return tuple(
            sorted(
                (_held(each, versions) for each in stanza.get("backup", ())),
                key=lambda each: each.started,
                reverse=True,
            )
        )

    def create(self, *, incremental: bool) -> Held:
        """Run ``backup``; pgBackRest makes an incremental one full when there is none yet."""
        self.run(*self._common(), f"--type={'incr' if incremental else 'full'}", "backup")
        return self.find("latest")

    def verify(self, id: str) -> tuple[str, ...]:
        """Run ``verify``, which reads every file and segment of the stanza."""
        self.find(id)
        # It prints a report only when asked to (2.45); older ones end with a status alone.
        done = self.tried(*self._common(), "--output=text", "--verbose", "verify")
        if done.returncode:
            return ((done.stderr.strip() or done.stdout.strip())[-2000:],)
        lines = [line.strip() for line in done.stdout.splitlines()]
        problems = [line for line in lines if _WRONG.search(line)]
        problems += [line for line in lines if line.startswith("status: error")]
        problems += [
            line for line in lines if line.startswith("backup: ") and "status: valid" not in line
        ]
        return tuple(dict.fromkeys(problems))

    def restore(self, id: str, directory: Path) -> None:
        """Run ``restore``; the server that starts then fetches WAL by ``archive-get``."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.run(
            *self._common(),
            f"--pg1-path={directory}",
            f"--set={id}",
            f"--tablespace-map-all={directory.parent / 'tablespaces'}",
            "--archive-mode=off",
            "restore",
        )

    def major(self, id: str) -> int:
        """As ``info`` says."""
        version = self.find(id).server_version
        if version is None:
            raise BackupError(f'pgbackrest does not know what PostgreSQL "{id}" is of')
        return int(version.partition(".")[0])

    def _info(self) -> dict[str, Any]:
        text = self.run(*self._common(), "--output=json", "info")
        try:
            (stanza,) = json.loads(text)
        except ValueError:
            raise BackupError(f'pgbackrest knows no stanza "{self.name}"') from None
        code = stanza["status"]["code"]
        # 0: ok; 2: no valid backups. The others are a stanza that is missing or broken.
        if code not in (0, 2):
            raise BackupError(
                f'the stanza "{self.name}" of pgbackrest: {stanza["status"]["message"]}',
                hint=f"pgbackrest --stanza={self.name} stanza-create",
            )
        return dict(stanza)

    def _common(self) -> list[str]:
        config = [f"--config={self.config}"] if self.config else []
        return [*config, f"--stanza={self.name}"]


def _held(each: dict[str, Any], versions: dict[int, str]) -> Held:
    times = each["timestamp"]
    is_bad = bool(each.get("error"))
    return Held(
        id=each["label"],
        status="damaged" if is_bad else "ok",
        problem="page checksums were wrong when it was taken" if is_bad else "",
        started=datetime.fromtimestamp(times["start"], UTC),
        ended=datetime.fromtimestamp(times["stop"], UTC),
        size=each["info"]["repository"].get("delta"),
        raw_size=each["info"]["size"],
        parent=each.get("prior"),
        server_version=versions.get(each["database"]["id"]),
    )
