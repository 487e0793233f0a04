"""What breaks the promise of a repository, and what does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from querysafe.backup.catalog import Listed
from querysafe.backup.manifest import Manifest, Part
from querysafe.backup.metrics import registry
from querysafe.backup.outcomes import Outcome
from querysafe.backup.promise import judge
from querysafe.backup.standing import Promise, Standing, ago, to_json
from querysafe.backup.verdicts import Verdict
from querysafe.backup.wal.status import Gap, Timeline, WalStatus

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def backup(
    age: timedelta,
    *,
    kind: str = "logical",
    database: str = "shop",
    status: str = "ok",
    restored: timedelta | None = HOUR,
) -> Listed:
    started = NOW - age
    id = f"{started:%Y%m%dT%H%M%SZ}-00000000"
    part = Part(
        name="database.dump.zst",
        raw_bytes=100,
        raw_sha256="0" * 64,
        stored_bytes=10,
        stored_sha256="0" * 64,
    )
    manifest = Manifest(
        id=id,
        kind=kind,
        database=database,
        server_version="18.1",
        system_identifier="7",
        started=started,
        ended=started + timedelta(seconds=3),
        parts=(part,),
    )
    verdict = Verdict(restored=None if restored is None else NOW - restored)
    return Listed(
        id=id,
        status=status,
        problem="" if status == "ok" else "it is bad",
        manifest=manifest,
        verdict=verdict,
    )


def standing(
    *listed: Listed,
    wal: tuple[WalStatus, ...] = (),
    known: tuple[Outcome, ...] = (),
    promise: Promise | None = None,
) -> Standing:
    return judge("here", listed=listed, wal=wal, known=known, promise=promise or Promise(), now=NOW)


def archive(*, closed: timedelta, gaps: tuple[Gap, ...] = ()) -> WalStatus:
    timeline = Timeline(number=1, first="A", last="B", segments=2, closed=NOW - closed, gaps=gaps)
    return WalStatus(
        system="7", segment_bytes=2**24, timelines=(timeline,), stored_bytes=9, kept_from=None
    )


def test_a_young_backup_that_was_drilled_keeps_every_promise() -> None:
    assert standing(backup(HOUR)).holds


def test_an_empty_repository_keeps_none() -> None:
    (broken,) = standing().broken
    assert (broken.promise, broken.words) == ("backup", "there is no whole backup")


def test_a_backup_is_too_old_only_beyond_its_promise() -> None:
    assert standing(backup(timedelta(hours=26))).holds
    (broken,) = standing(backup(timedelta(hours=27))).broken
    assert broken.promise == "backup"
    assert '"shop" is 27 hours old; 26 hours are promised' in broken.words


def test_every_database_and_kind_is_judged_apart() -> None:
    found = standing(
        backup(HOUR),
        backup(timedelta(days=2), database="books"),
        backup(timedelta(days=9), kind="base", database=""),
    )
    assert [each.subject for each in found.broken] == ["the cluster 7", '"books"']


def test_a_verification_may_be_awaited_as_long_as_one_may_be_old() -> None:
    assert standing(backup(HOUR, restored=None)).holds
    old = (backup(HOUR, restored=None), backup(timedelta(days=9), restored=None))
    (broken,) = standing(*old).broken
    assert broken.promise == "verified"
    assert "was never restored and compared in 9 days" in broken.words


def test_a_verification_that_is_too_old_is_told_with_its_age() -> None:
    (broken,) = standing(backup(HOUR, restored=timedelta(days=10))).broken
    assert "last restored and compared 10 days ago; 8 days are promised" in broken.words


def test_the_newest_being_damaged_is_told_though_an_older_one_is_young() -> None:
    (broken,) = standing(backup(2 * HOUR), backup(HOUR, status="damaged")).broken
    assert broken.words.endswith("is damaged: it is bad")
    assert standing(backup(HOUR), backup(2 * HOUR, status="damaged")).holds


def test_a_backup_of_the_future_is_a_wrong_clock_and_no_young_backup() -> None:
    (broken,) = standing(backup(-HOUR)).broken
    assert broken.promise == "clock"
    assert standing(backup(-timedelta(minutes=5))).holds


def test_a_gap_of_the_archive_breaks_the_promise_and_its_age_only_where_one_is_promised() -> None:
    late = archive(closed=timedelta(days=1))
    assert standing(backup(HOUR), wal=(late,)).holds
    promise = Promise(max_wal_lag=timedelta(minutes=10))
    (broken,) = standing(backup(HOUR), wal=(late,), promise=promise).broken
    assert "is 1 day behind; 10 minutes are promised" in broken.words
    gap = archive(closed=HOUR, gaps=(Gap(first="F", last="F", count=1),))
    (broken,) = standing(backup(HOUR), wal=(gap,)).broken
    assert "lacks F: no moment after it" in broken.words


def test_a_gap_is_history_once_a_base_backup_was_made_after_it() -> None:
    name = "000000010000000000000005"
    holed = archive(closed=HOUR, gaps=(Gap(first=name, last=name, count=1),))

    def based(start: str) -> Listed:
        made = backup(HOUR, kind="base", database="")
        assert made.manifest is not None
        return replace(made, manifest=replace(made.manifest, start_lsn=start))

    assert standing(based("0/6000028"), wal=(holed,)).holds
    (broken,) = standing(based("0/4000028"), wal=(holed,)).broken
    assert broken.promise == "wal"


def test_work_that_failed_last_is_told_until_it_succeeds() -> None:
    failing = Outcome(work="create", subject="logical shop", words="no disk", failures=2)
    (broken,) = standing(backup(HOUR), known=(failing,)).broken
    assert broken.words == "`create` of logical shop failed 2 times in a row: no disk"
    mended = Outcome(work="create", subject="logical shop", failed=NOW, succeeded=NOW)
    assert standing(backup(HOUR), known=(mended,)).holds


def test_json_has_ages_in_seconds() -> None:
    content = to_json(standing(backup(HOUR)))
    assert content["holds"] is True
    (database,) = content["databases"]
    assert (database["age_seconds"], database["backups"]) == (3600, 1)


def test_metrics_carry_a_time_for_each_database_and_one_word_on_the_promise() -> None:
    found = registry(standing(backup(HOUR), wal=(archive(closed=HOUR),)))
    labels = {"kind": "logical", "database": "shop", "system": "7"}
    newest = found.get_sample_value("querysafe_backup_newest_timestamp_seconds", labels)
    assert newest == (NOW - HOUR).timestamp()
    assert found.get_sample_value("querysafe_backup_promise_kept") == 1
    assert found.get_sample_value("querysafe_backup_wal_lag_seconds", {"system": "7"}) == 3600
    broken = registry(standing())
    assert broken.get_sample_value("querysafe_backup_promise_kept") == 0
    name = "querysafe_backup_broken_promises"
    assert broken.get_sample_value(name, {"promise": "backup"}) == 1


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=5), "5 seconds"),
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(minutes=10), "10 minutes"),
        (timedelta(hours=26), "26 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=8), "8 days"),
    ],
)
def test_spans_are_told_in_words(span: timedelta, words: str) -> None:
    assert ago(span) == words


def test_a_kind_that_the_schedule_makes_and_nobody_made_is_missed() -> None:
    listed = [backup(HOUR)]
    kept = judge("r", listed=listed, promise=Promise(), scheduled=["logical"], now=NOW)
    assert kept.holds
    (broken,) = judge(
        "r", listed=listed, promise=Promise(), scheduled=["logical", "base"], now=NOW
    ).broken
    assert (broken.promise, broken.subject) == ("backup", "base")
    assert "--kind base" in broken.cure


def test_a_base_backup_has_an_age_of_its_own() -> None:
    old = backup(timedelta(days=3), kind="base", database="")
    assert judge("r", listed=[old], promise=Promise(), now=NOW).holds
    week = Promise(max_base_age=timedelta(days=2))
    (broken,) = judge("r", listed=[old], promise=week, now=NOW).broken
    assert "is 3 days old; 2 days are promised" in broken.words
