"""How an engine's backups stand against the promise of their age."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from querysafe.backup.engine.contract import Engine, Held
from querysafe.backup.engine.standing import look
from querysafe.backup.standing import Promise, to_json

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
WHOLE = Held(
    id="20260131-000000F",
    status="ok",
    started=NOW - timedelta(hours=12),
    ended=NOW - timedelta(hours=11),
    size=7,
    raw_size=70,
)
OLDER = replace(WHOLE, id="20260124-000000F", started=NOW - timedelta(days=7), size=None)


@dataclass(frozen=True, slots=True)
class Told(Engine):
    """An engine that has what it was told to have."""

    held: tuple[Held, ...] = ()
    program: ClassVar[str] = "told"
    package: ClassVar[str] = "told"

    def backups(self) -> tuple[Held, ...]:
        return self.held

    def create(self, *, incremental: bool) -> Held:
        raise NotImplementedError

    def verify(self, id: str) -> tuple[str, ...]:
        raise NotImplementedError

    def restore(self, id: str, directory: Path) -> None:
        raise NotImplementedError

    def major(self, id: str) -> int:
        raise NotImplementedError


def broken(*held: Held, days: int = 1) -> list[str]:
    promise = Promise(max_base_age=timedelta(days=days))
    return [each.words for each in look(Told("shop", held=held), promise, now=NOW).broken]


def test_a_young_backup_keeps_the_promise() -> None:
    standing = look(Told("shop", held=(WHOLE, OLDER)), Promise(), now=NOW)
    assert standing.holds
    (kept,) = standing.kept
    assert (kept.count, kept.newest_id, kept.stored_bytes, kept.all_bytes) == (2, WHOLE.id, 7, 7)
    (told,) = to_json(standing)["databases"]
    assert (told["age_seconds"], told["seconds"]) == (12 * 3600, 3600)
    assert to_json(standing)["repository"] == "told:shop"


def test_an_old_backup_or_none_breaks_it() -> None:
    (said,) = broken(OLDER)
    assert "7 days old; 1 day are promised" in said
    assert broken(OLDER, days=8) == []
    assert broken() == ["there is no whole backup"]


def test_a_newest_one_that_is_damaged_breaks_it_though_an_older_one_is_young() -> None:
    failed = replace(
        WHOLE, id="20260131-110000F", started=NOW, status="damaged", problem="it failed"
    )
    (said,) = broken(failed, WHOLE)
    assert said == 'the newest backup of told, "20260131-110000F", is damaged: it failed'
    assert broken(WHOLE, replace(failed, started=OLDER.started)) == []
    running = replace(failed, status="unfinished")
    assert broken(running, WHOLE) == []


def test_a_backup_of_the_future_is_said() -> None:
    (said,) = broken(replace(WHOLE, started=NOW + timedelta(days=2)))
    assert "in the future" in said
