"""The same search, cured."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.lexicon.languages.models import Concept, Language, Translation


def search(session: Session, prefix: str, limit: int) -> list[dict[str, str]]:
    """The indexed key is searched, and the joins bring what is shown."""
    hits = session.execute(
        select(Concept.code, Language.tag, Translation.text)
        .select_from(Translation)
        .join(Translation.concept)
        .join(Translation.language)
        .where(Translation.search_key.startswith(prefix.casefold(), autoescape=True))
        .order_by(Translation.text, Translation.id)
        .limit(limit)
    )
    return [{"code": code, "language": tag, "text": text} for code, tag, text in hits]


def count_hits(session: Session, prefix: str) -> int:
    """The database counts."""
    return session.scalars(
        select(func.count())
        .select_from(Translation)
        .where(Translation.search_key.startswith(prefix.casefold(), autoescape=True))
    ).one()
