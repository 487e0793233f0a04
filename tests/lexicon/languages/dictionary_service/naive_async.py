"""Reads of the dictionary with the classic mistakes, under asyncio."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.lexicon.languages.models import Concept, Translation


async def word_list(session: AsyncSession, kind: str, limit: int) -> list[dict[str, Any]]:
    """Concepts with their names and the language of each, through ``awaitable_attrs``."""
    concepts = await session.scalars(
        select(Concept).where(Concept.kind == kind).order_by(Concept.code).limit(limit)
    )
    words = []
    for concept in concepts:
        translations = []
        for translation in await concept.awaitable_attrs.translations:
            language = await translation.awaitable_attrs.language
            translations.append({"language": language.name, "text": translation.text})
        words.append({"code": concept.code, "translations": translations})
    return words


async def concepts_by_id(session: AsyncSession, ids: Sequence[int]) -> list[str]:
    """A loop of ``get``."""
    found = [await session.get(Concept, number) for number in ids]
    return [concept.code for concept in found if concept is not None]


async def name_lengths(sessions: async_sessionmaker[AsyncSession], ids: Sequence[int]) -> list[int]:
    """One session and one query for each concept, side by side: an N+1 by ``gather``."""

    async def one(number: int) -> int:
        async with sessions() as session:
            texts = await session.scalars(
                select(Translation.text).where(Translation.concept_id == number)
            )
            return sum(len(text) for text in texts)

    return list(await asyncio.gather(*(one(number) for number in ids)))
