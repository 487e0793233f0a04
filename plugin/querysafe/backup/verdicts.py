"""What ``verify`` and drills found of a backup, remembered beside the backups."""

import json
from collections.abc import Container
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from querysafe.backup.errors import ObjectMissing, RepositoryError
from querysafe.backup.repository import Repository

_FOLDER = "verified/"
_DRILLS = "drills/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The last that is known; nothing is when nobody has looked."""

    checked: datetime | None = None
    """When every byte was last found to be what was stored."""
    restored: datetime | None = None
    """When a restore was last compared and found equal."""
    problems: tuple[str, ...] = ()
    """What the last look found to be damaged; a later look that finds nothing takes it back."""
    noted: datetime | None = None
    """When this was written, by the repository's clock."""


def verdicts(repository: Repository, ids: Container[str]) -> dict[str, Verdict]:
    """What is known of some backups."""
    known: dict[str, Verdict] = {}
    for entry in repository.entries(_FOLDER):
        id = entry.name.removeprefix(_FOLDER).removesuffix(".json")
        if id in ids:
            known[id] = replace(_decoded(_read(repository, entry.name)), noted=entry.modified)
    for entry in repository.entries(_DRILLS):
        id = entry.name.removeprefix(_DRILLS).removesuffix(".json")
        if id in ids:
            drill = _read(repository, entry.name)
            time = _time(drill.get("ended")) if drill.get("passed") is True else None
            before = known.get(id, Verdict())
            if time is not None and (before.restored is None or time > before.restored):
                known[id] = replace(before, restored=time)
    return known


def note(
    repository: Repository,
    id: str,
    *,
    now: datetime,
    problems: tuple[str, ...] = (),
    restored: bool = False,
) -> None:
    """Remember a look at a backup, as far as the repository may be written to."""
    name = f"{_FOLDER}{id}.json"
    with suppress(RepositoryError):
        before = _decoded(_read(repository, name))
        found = Verdict(
            checked=before.checked if problems else now,
            restored=now if restored and not problems else before.restored,
            problems=problems,
        )
        content = json.dumps(asdict(found), default=lambda time: time.isoformat(), indent=1)
        repository.replace(name, content.encode())


def _read(repository: Repository, name: str) -> dict[str, Any]:
    try:
        content = json.loads(repository.read(name))
    except (ObjectMissing, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _decoded(content: dict[str, Any]) -> Verdict:
    problems = content.get("problems")
    return Verdict(
        checked=_time(content.get("checked")),
        restored=_time(content.get("restored")),
        problems=tuple(map(str, problems)) if isinstance(problems, list) else (),
    )


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError):
        return None
