"""Asyncio resolvers that open a session and send a query each."""

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from strawberry.types import Info

from tests.lexicon.languages import models


@strawberry.type
class Language:
    tag: str
    name: str


@strawberry.type
class Translation:
    row: strawberry.Private[models.Translation]

    @strawberry.field
    def text(self) -> str:
        return self.row.text

    @strawberry.field
    async def language(self, info: Info) -> Language:
        sessions: async_sessionmaker[AsyncSession] = info.context["sessions"]
        async with sessions() as session:
            row = await session.get_one(models.Language, self.row.language_id)
        return Language(tag=row.tag, name=row.name)


@strawberry.type
class Concept:
    row: strawberry.Private[models.Concept]

    @strawberry.field
    def code(self) -> str:
        return self.row.code

    @strawberry.field
    async def translations(self, info: Info) -> list[Translation]:
        sessions: async_sessionmaker[AsyncSession] = info.context["sessions"]
        async with sessions() as session:
            rows = await session.scalars(
                select(models.Translation)
                .where(models.Translation.concept_id == self.row.id)
                .order_by(models.Translation.id)
            )
            return [Translation(row=row) for row in rows]

    @strawberry.field
    async def children(self, info: Info) -> list["Concept"]:
        sessions: async_sessionmaker[AsyncSession] = info.context["sessions"]
        async with sessions() as session:
            rows = await session.scalars(
                select(models.Concept)
                .where(models.Concept.parent_id == self.row.id)
                .order_by(models.Concept.code)
            )
            return [Concept(row=row) for row in rows]


@strawberry.type
class Query:
    @strawberry.field
    async def concepts(self, info: Info, kind: str, codes: list[str]) -> list[Concept]:
        sessions: async_sessionmaker[AsyncSession] = info.context["sessions"]
        async with sessions() as session:
            rows = await session.scalars(
                select(models.Concept)
                .where(models.Concept.kind == kind, models.Concept.code.in_(codes))
                .order_by(models.Concept.code)
            )
            return [Concept(row=row) for row in rows]


schema = strawberry.Schema(Query)
