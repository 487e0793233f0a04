"""The same reads of the dictionary under asyncio, cured."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import selectinload

from tests.lexicon.languages.models import Concept, Translation


async def word_list(session: AsyncSession, kind: str, limit: int) -> list[dict[str, Any]]:
    """Three queries, whatever the number of concepts."""
    concepts = await session.scalars(
        select(Concept)
        .where(Concept.kind == kind)
        .order_by(Concept.code)
        .limit(limit)
        .options(selectinload(Concept.translations).selectinload(Translation.language))
    )
    return [
        {
            "code": concept.code,
            "translations": [
                {"language": translation.language.name, "text": translation.text}
                for translation in concept.translations
            ],
        }
        for concept in concepts
    ]


async def concepts_by_id(session: AsyncSession, ids: Sequence[int]) -> list[str]:
    """One ``IN``."""
    rows = await session.execute(select(Concept.id, Concept.code).where(Concept.id.in_(ids)))
    codes = dict(rows.all())
    return [codes[number] for number in ids if number in codes]


async def name_lengths(sessions: async_sessionmaker[AsyncSession], ids: Sequence[int]) -> list[int]:
    """The database adds up, in one query."""
    async with sessions() as session:
        rows = await session.execute(
            select(Translation.concept_id, func.sum(func.length(Translation.text)))
            .where(Translation.concept_id.in_(ids))
            .group_by(Translation.concept_id)
        )
        totals = dict(rows.all())
    return [totals.get(number, 0) for number in ids]
