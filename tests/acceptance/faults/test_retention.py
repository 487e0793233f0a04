"""What retention must never do, whatever the clock says."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from querysafe.backup import catalog
from querysafe.backup.repository import open_repository
from tests.acceptance.faults.bench import Bench

TIGHT = ("--daily", 1, "--weekly", 0, "--monthly", 0)


def kept(times: list[str], *more: str, status: int = 0) -> list[str]:
    """What ``retention`` prints."""
    done = subprocess.run(
        [sys.executable, "-m", "querysafe", "backup", "retention", *more],
        input=json.dumps(times),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    found = json.loads(done.stdout or "[]")
    assert isinstance(found, list)
    return found


def another(shop: Bench, days: float) -> str:
    """The same backup again, as it would have been taken some days earlier."""
    repository = open_repository(shop.repository)
    whole = catalog.newest(repository)
    began = whole.started - timedelta(days=days)
    id = f"{began:%Y%m%dT%H%M%SZ}-{abs(int(days * 1000)):08x}"
    for part in whole.parts:
        with repository.create(catalog.place(id, part.name)) as writer:
            writer.write(repository.read(catalog.place(whole.id, part.name)))
    catalog.publish(repository, replace(whole, id=id, started=began))
    return id


def ids(shop: Bench) -> set[str]:
    return {each["id"] for each in shop.ok()}


def test_a_year_of_days_keeps_a_week_a_month_and_a_year() -> None:
    newest = datetime(2026, 6, 30, 2, tzinfo=UTC)
    times = [(newest - timedelta(days=day)).isoformat() for day in range(400)]
    found = kept(times)
    assert found[:7] == times[:7]
    assert 18 <= len(found) <= 23
    assert kept(times[::-1]) == found, "their order does not matter"
    assert kept(found) == found, "what is kept stays"


def test_days_are_those_of_utc_whatever_the_clocks_do() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    hours = [night + timedelta(hours=hour) for hour in range(4)]
    local = [time.astimezone(berlin).isoformat() for time in hours]
    assert local[0][11:16] == local[1][11:16], "this hour comes twice"
    plain = [time.isoformat() for time in hours]
    for rule in (("--daily", "1"), ("--daily", "2"), ("--daily", "7")):
        words = (*rule, "--weekly", "0", "--monthly", "0")
        positions = [local.index(each) for each in kept(local, *words)]
        assert positions == [plain.index(each) for each in kept(plain, *words)]


def test_odd_input_is_understood_or_refused() -> None:
    assert kept([]) == []
    same = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"]
    assert len(kept(same, "--daily", "1", "--weekly", "0", "--monthly", "0")) == 1
    assert kept(["2026-01-01T00:00:00"]) == ["2026-01-01T00:00:00"]
    far = ["9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]
    assert sorted(kept(far)) == sorted(far)
    kept(["soon"], status=2)
    kept(["2026-01-01T00:00:00Z"], "--daily", "0", "--weekly", "0", "--monthly", "0", status=3)


def test_only_what_the_rule_lets_go_goes_and_a_dry_run_deletes_nothing(shop: Bench) -> None:
    shop.create()
    made = {another(shop, days) for days in (1, 2, 2.1, 3)}
    before = ids(shop)
    assert made < before
    words = ("expire", "--repository", shop.repository, "--daily", 2, "--weekly", 0)
    dry = shop.run(*words, "--monthly", 0, "--dry-run", "--format", "json")
    assert ids(shop) == before
    done = shop.run(*words, "--monthly", 0, "--format", "json")
    told = json.loads(done.stdout)
    assert told["expired"] == json.loads(dry.stdout)["expired"]
    assert len(told["expired"]) == 3
    assert ids(shop) == before - set(told["expired"])
    assert all(each["reasons"] for each in told["kept"])


@pytest.mark.parametrize("harm", ["a flipped bit", "a cut part", "no manifest"])
def test_the_last_good_backup_stays_when_the_newer_ones_are_damaged(shop: Bench, harm: str) -> None:
    shop.create()
    newest = max(ids(shop))
    older = another(shop, 1)
    another(shop, 2)
    folder = Path(shop.repository, "backups", newest)
    path = folder / ("manifest.json" if harm == "no manifest" else "database.dump.zst")
    data = bytearray(path.read_bytes())
    if harm == "a flipped bit":
        data[len(data) // 2] ^= 4
    path.unlink()
    if harm != "no manifest":
        path.write_bytes(data[:-1] if harm == "a cut part" else data)
    words = ("expire", "--repository", shop.repository, *TIGHT)
    dry = json.loads(shop.run(*words, "--dry-run", "--format", "json").stdout)
    done = json.loads(shop.run(*words, "--format", "json").stdout)
    assert done["expired"] == dry["expired"]
    assert ids(shop) == {older}
    assert folder.exists(), "what is damaged is left alone"
    shop.run(*shop.restoring("_new"))
    assert shop.content("_new") == shop.content()


def test_locked_and_verified_backups_stay(shop: Bench) -> None:
    shop.create()
    locked, verified, plain = another(shop, 3), another(shop, 2), another(shop, 1)
    shop.run("lock", "--repository", shop.repository, "--id", locked)
    shop.run(
        *("verify", "--repository", shop.repository, "--id", verified, "--scratch", shop.url())
    )
    shop.run("expire", "--repository", shop.repository, *TIGHT)
    left = ids(shop)
    assert {locked, verified} < left
    assert plain not in left
    shop.run("unlock", "--repository", shop.repository, "--id", locked)
    shop.run("expire", "--repository", shop.repository, *TIGHT)
    assert locked not in ids(shop)
    assert verified in ids(shop)


def test_a_backup_from_the_future_stops_every_expiry(shop: Bench) -> None:
    shop.create()
    for days in (-400, 1, 2, 3):
        another(shop, days)
    before = ids(shop)
    ended = shop.run("expire", "--repository", shop.repository, *TIGHT, status=3)
    assert "in the future" in ended.stderr
    assert ids(shop) == before


def test_another_database_in_the_same_repository_is_judged_apart(shop: Bench) -> None:
    shop.create()
    shop.cluster.create_database(f"{shop.database}_two")
    shop.run(*("create", "--database", shop.url("_two"), "--repository", shop.repository))
    shop.run("expire", "--repository", shop.repository, *TIGHT)
    assert len(ids(shop)) == 2
