"""Which backups are kept, and that doubtful times delete nothing."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from querysafe.backup.errors import RetentionError
from querysafe.backup.retention import Candidate, Policy, decide, select

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@st.composite
def histories(draw: st.DrawFn) -> list[Candidate]:
    """Backups within three years, some locked, verified or building upon an older one."""
    hours = sorted(draw(st.lists(st.integers(0, 26_000), max_size=30, unique=True)), reverse=True)
    found: list[Candidate] = []
    for index, ago in enumerate(hours):
        parent = draw(st.sampled_from([None, *(each.id for each in found)]))
        found.append(
            Candidate(
                id=f"{index:03}",
                time=NOW - timedelta(hours=ago),
                parent=parent,
                locked=draw(st.booleans()),
                verified=draw(st.booleans()),
            )
        )
    return found


policies = st.builds(
    Policy, daily=st.integers(1, 9), weekly=st.integers(0, 6), monthly=st.integers(0, 14)
)


@given(histories(), policies)
def test_what_must_stay_is_kept(history: list[Candidate], policy: Policy) -> None:
    kept = {each.candidate.id for each in decide(history, now=NOW, policy=policy) if each.is_kept}
    verified = [each.id for each in history if each.verified]
    assert set(verified[-1:]) <= kept
    assert {each.id for each in history[-1:]} <= kept
    assert {each.id for each in history if each.locked} <= kept
    assert {each.parent for each in history if each.id in kept and each.parent} <= kept
    days = {each.time.date() for each in history}
    months = {(each.time.year, each.time.month) for each in history}
    assert len(kept) >= min(policy.daily, len(days))
    assert len(kept) >= min(policy.monthly, len(months))


@given(histories(), policies, st.randoms())
def test_the_order_in_which_backups_are_listed_does_not_matter(
    history: list[Candidate], policy: Policy, random: Random
) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)
    assert decide(shuffled, now=NOW, policy=policy) == decide(history, now=NOW, policy=policy)


def test_a_daily_series_settles_at_a_bounded_count() -> None:
    held: list[datetime] = []
    counts: list[int] = []
    for day in range(730):
        held.append(datetime(2024, 1, 1, 3, tzinfo=UTC) + timedelta(days=day))
        held = [held[position] for position in select(held)]
        counts.append(len(held))
    assert max(counts) <= 7 + 4 + 12
    assert min(counts[400:]) >= 12
    assert max(counts[400:]) - min(counts[400:]) <= 3


def test_days_without_a_backup_are_not_counted() -> None:
    times = [NOW - timedelta(days=10 * index) for index in range(10)]
    assert select(times, Policy(daily=3, weekly=0, monthly=0)) == (0, 1, 2)


def test_the_newest_of_a_day_stays_and_the_oldest_while_there_is_room() -> None:
    times = [NOW - timedelta(hours=index) for index in range(3)]
    assert select(times, Policy(daily=1, weekly=0, monthly=0)) == (0,)
    assert select(times, Policy(daily=2, weekly=0, monthly=0)) == (0, 2)


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ([NOW + timedelta(hours=1)], "future"),
        ([NOW.replace(tzinfo=None)], "no offset"),
        ([NOW, NOW.replace(tzinfo=None)], "no offset"),
    ],
)
def test_a_doubtful_time_is_refused(times: list[datetime], told: str) -> None:
    candidates = [Candidate(id=str(index), time=time) for index, time in enumerate(times)]
    with pytest.raises(RetentionError, match=told):
        decide(candidates, now=NOW)


def test_two_backups_of_one_id_and_a_policy_that_keeps_nothing_are_refused() -> None:
    with pytest.raises(RetentionError, match="two backups"):
        decide([Candidate(id="a", time=NOW), Candidate(id="a", time=NOW)], now=NOW)
    with pytest.raises(RetentionError, match="keep nothing"):
        Policy(daily=0, weekly=0, monthly=0)
    with pytest.raises(RetentionError, match="-1"):
        Policy(daily=-1)
