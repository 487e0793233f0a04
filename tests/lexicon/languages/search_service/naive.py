"""The search with the classic mistakes."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.lexicon.languages.models import Concept, Language, Translation


def search(session: Session, prefix: str, limit: int) -> list[dict[str, str]]:
    """No index serves ``lower(text)``; then two look-ups for each hit, in raw column queries."""
    hits = session.execute(
        select(Translation.concept_id, Translation.language_id, Translation.text)
        .where(func.lower(Translation.text).startswith(prefix.lower(), autoescape=True))
        .order_by(Translation.text, Translation.id)
        .limit(limit)
    ).all()
    found = []
    for concept_id, language_id, text in hits:
        code = session.scalar(select(Concept.code).where(Concept.id == concept_id))
        tag = session.scalar(select(Language.tag).where(Language.id == language_id))
        found.append({"code": str(code), "language": str(tag), "text": text})
    return found


def count_hits(session: Session, prefix: str) -> int:
    """Every hit is loaded to be counted."""
    statement = select(Translation).where(
        func.lower(Translation.text).startswith(prefix.lower(), autoescape=True)
    )
    return len(session.scalars(statement).all())
