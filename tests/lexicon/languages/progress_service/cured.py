"""The same writes of the learners' progress, cured."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session, selectinload

from tests.lexicon.auth.models import User
from tests.lexicon.languages.models import Concept, Progress


def start_learning(
    session: Session, user_id: int, language_id: int, concept_ids: Sequence[int], due_on: date
) -> int:
    """One INSERT of all rows."""
    if concept_ids:
        session.execute(
            insert(Progress),
            [
                {
                    "user_id": user_id,
                    "language_id": language_id,
                    "concept_id": concept_id,
                    "due_on": due_on,
                    "strength": 0,
                    "reviews": 0,
                }
                for concept_id in concept_ids
            ],
        )
    return len(concept_ids)


def review(session: Session, user_id: int, today: date) -> int:
    """One UPDATE, and one commit."""
    strengths = session.scalars(
        update(Progress)
        .where(Progress.user_id == user_id)
        .values(strength=Progress.strength + 1, due_on=today)
        .returning(Progress.strength)
        .execution_options(synchronize_session=False)
    ).all()
    session.commit()
    return sum(strengths)


def forget(session: Session, user_id: int) -> int:
    """One DELETE."""
    deleted = session.scalars(
        delete(Progress).where(Progress.user_id == user_id).returning(Progress.id)
    ).all()
    return len(deleted)


def due_table(session: Session, user_ids: Sequence[int]) -> dict[str, list[str]]:
    """Users, their progress and its concepts: three queries."""
    users = session.scalars(
        select(User)
        .where(User.id.in_(user_ids))
        .order_by(User.id)
        .options(selectinload(User.progress).joinedload(Progress.concept))
    )
    return {
        user.email: sorted(progress.concept.code for progress in user.progress) for user in users
    }


def refreshed_strengths(session: Session, user_id: int) -> list[int]:
    """One query with fresh values for rows already in the session."""
    return list(
        session.scalars(
            select(Progress.strength).where(Progress.user_id == user_id).order_by(Progress.id)
        )
    )


def untouched_concepts(session: Session, kind: str) -> list[str]:
    """``NOT EXISTS`` in the one query."""
    return list(
        session.scalars(
            select(Concept.code)
            .where(
                Concept.kind == kind,
                ~select(Progress.id).where(Progress.concept_id == Concept.id).exists(),
            )
            .order_by(Concept.code)
        )
    )
