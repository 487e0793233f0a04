"""What learners do; each test writes to a copy of its own."""

from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.lexicon.data.people import REVIEWED_EACH
from tests.lexicon.models import Progress
from tests.lexicon.variants import Variant

TODAY = date(2025, 6, 1)


@pytest.fixture
def idle(scratch: Session) -> int:
    """A learner whose progress was wiped."""
    for progress in scratch.scalars(select(Progress).where(Progress.user_id == 5)):
        scratch.delete(progress)
    scratch.commit()
    return 5


def _count(session: Session, user_id: int) -> int:
    return session.scalars(
        select(func.count()).select_from(Progress).where(Progress.user_id == user_id)
    ).one()


def test_learning_starts_with_nothing_known(
    lexicon: Variant,
    scratch: Session,
    idle: int,
    concept_ids: dict[str, int],
    language_ids: dict[str, int],
) -> None:
    wanted = [concept_ids[f"territory/{code}"] for code in ("CH", "DE", "ES", "FR")]

    started = lexicon.progress.start_learning(scratch, idle, language_ids["ja"], wanted, TODAY)
    scratch.commit()

    assert started == _count(scratch, idle) == 4


def test_a_review_strengthens_every_concept(lexicon: Variant, scratch: Session) -> None:
    before = scratch.scalars(select(func.sum(Progress.strength)).where(Progress.user_id == 3)).one()

    after = lexicon.progress.review(scratch, 3, TODAY)

    assert after == before + REVIEWED_EACH


def test_forgetting_deletes_the_progress_of_one_learner(lexicon: Variant, scratch: Session) -> None:
    assert lexicon.progress.forget(scratch, 3) == REVIEWED_EACH
    scratch.commit()

    assert _count(scratch, 3) == 0
    assert _count(scratch, 4) == REVIEWED_EACH


def test_the_due_table_lists_the_concepts_of_each_learner(
    lexicon: Variant, session: Session
) -> None:
    table = lexicon.progress.due_table(session, (1, 2, 3))

    assert list(table) == [f"learner{number}@lexicon.example" for number in (1, 2, 3)]
    assert all(len(codes) == REVIEWED_EACH for codes in table.values())


def test_strengths_are_fresh(lexicon: Variant, session: Session) -> None:
    strengths = lexicon.progress.refreshed_strengths(session, 2)

    assert len(strengths) == REVIEWED_EACH
    assert all(0 <= strength <= 5 for strength in strengths)


def test_concepts_that_nobody_learns_are_found(lexicon: Variant, session: Session) -> None:
    untouched = lexicon.progress.untouched_concepts(session, "unit")

    assert "length" in untouched or "" in untouched
