"""Asyncio resolvers that ask a DataLoader, which asks once for all of them."""

from collections import defaultdict
from dataclasses import dataclass, field

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from tests.lexicon.languages import models


@dataclass
class Loaders:
    """The batch functions of one request."""

    sessions: async_sessionmaker[AsyncSession]
    language: DataLoader[int, models.Language] = field(init=False)
    translations: DataLoader[int, list[models.Translation]] = field(init=False)
    children: DataLoader[int, list[models.Concept]] = field(init=False)

    def __post_init__(self) -> None:
        self.language = DataLoader(load_fn=self._languages)
        self.translations = DataLoader(load_fn=self._translations)
        self.children = DataLoader(load_fn=self._children)

    async def _languages(self, ids: list[int]) -> list[models.Language]:
        async with self.sessions() as session:
            rows = await session.scalars(select(models.Language).where(models.Language.id.in_(ids)))
            by_id = {row.id: row for row in rows}
        return [by_id[number] for number in ids]

    async def _translations(self, ids: list[int]) -> list[list[models.Translation]]:
        grouped: defaultdict[int, list[models.Translation]] = defaultdict(list)
        async with self.sessions() as session:
            rows = await session.scalars(
                select(models.Translation)
                .where(models.Translation.concept_id.in_(ids))
                .order_by(models.Translation.id)
            )
            for row in rows:
                grouped[row.concept_id].append(row)
        return [grouped[number] for number in ids]

    async def _children(self, ids: list[int]) -> list[list[models.Concept]]:
        grouped: defaultdict[int | None, list[models.Concept]] = defaultdict(list)
        async with self.sessions() as session:
            rows = await session.scalars(
                select(models.Concept)
                .where(models.Concept.parent_id.in_(ids))
                .order_by(models.Concept.code)
            )
            for row in rows:
                grouped[row.parent_id].append(row)
        return [grouped[number] for number in ids]


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
        row = await _loaders(info).language.load(self.row.language_id)
        return Language(tag=row.tag, name=row.name)


@strawberry.type
class Concept:
    row: strawberry.Private[models.Concept]

    @strawberry.field
    def code(self) -> str:
        return self.row.code

    @strawberry.field
    async def translations(self, info: Info) -> list[Translation]:
        rows = await _loaders(info).translations.load(self.row.id)
        return [Translation(row=row) for row in rows]

    @strawberry.field
    async def children(self, info: Info) -> list["Concept"]:
        rows = await _loaders(info).children.load(self.row.id)
        return [Concept(row=row) for row in rows]


@strawberry.type
class Query:
    @strawberry.field
    async def concepts(self, info: Info, kind: str, codes: list[str]) -> list[Concept]:
        async with _loaders(info).sessions() as session:
            rows = await session.scalars(
                select(models.Concept)
                .where(models.Concept.kind == kind, models.Concept.code.in_(codes))
                .order_by(models.Concept.code)
            )
            return [Concept(row=row) for row in rows]


def _loaders(info: Info) -> Loaders:
    """The loaders of this request, made when it first asks."""
    context = info.context
    if "loaders" not in context:
        context["loaders"] = Loaders(context["sessions"])
    return context["loaders"]


schema = strawberry.Schema(Query)
