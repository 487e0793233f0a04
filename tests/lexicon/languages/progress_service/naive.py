"""Writes of the learners' progress with the classic mistakes."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.lexicon.auth.models import User
from tests.lexicon.languages.models import Concept, Progress


def start_learning(
    session: Session, user_id: int, language_id: int, concept_ids: Sequence[int], due_on: date
) -> int:
    """One INSERT and one flush for each concept."""
    for concept_id in concept_ids:
        session.add(
            Progress(
                user_id=user_id,
                language_id=language_id,
                concept_id=concept_id,
                due_on=due_on,
                strength=0,
                reviews=0,
            )
        )
        session.flush()
    return len(concept_ids)


def review(session: Session, user_id: int, today: date) -> int:
    """A commit for each row expires them all, so that each is read again."""
    due = session.scalars(
        select(Progress).where(Progress.user_id == user_id).order_by(Progress.id)
    ).all()
    for progress in due:
        progress.strength = progress.strength + 1
        progress.due_on = today
        session.commit()
    return sum(progress.strength for progress in due)


def forget(session: Session, user_id: int) -> int:
    """One DELETE for each row, each flushed."""
    rows = session.scalars(select(Progress).where(Progress.user_id == user_id)).all()
    for progress in rows:
        session.delete(progress)
        session.flush()
    return len(rows)


def due_table(session: Session, user_ids: Sequence[int]) -> dict[str, list[str]]:
    """What each learner has to review: lazily loaded progress, and the concept of each."""
    users = session.scalars(select(User).where(User.id.in_(user_ids)).order_by(User.id))
    return {
        user.email: sorted(progress.concept.code for progress in user.progress) for user in users
    }


def refreshed_strengths(session: Session, user_id: int) -> list[int]:
    """A ``refresh`` of each row to be sure of its values."""
    rows = session.scalars(
        select(Progress).where(Progress.user_id == user_id).order_by(Progress.id)
    ).all()
    for progress in rows:
        session.refresh(progress)
    return [progress.strength for progress in rows]


def untouched_concepts(session: Session, kind: str) -> list[str]:
    """Every concept asks by itself whether anybody learns it."""
    untouched = []
    for concept in session.scalars(
        select(Concept).where(Concept.kind == kind).order_by(Concept.code)
    ).all():
        learnt = session.scalars(
            select(Progress.id).where(Progress.concept_id == concept.id).limit(1)
        ).first()
        if learnt is None:
            untouched.append(concept.code)
    return untouched
