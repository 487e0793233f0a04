"""Blocking resolvers that read relationships as if they were free."""

import strawberry
from sqlalchemy import select
from sqlalchemy.orm import Session
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
    def language(self) -> Language:
        return Language(tag=self.row.language.tag, name=self.row.language.name)


@strawberry.type
class Concept:
    row: strawberry.Private[models.Concept]

    @strawberry.field
    def code(self) -> str:
        return self.row.code

    @strawberry.field
    def translations(self) -> list[Translation]:
        return [Translation(row=row) for row in self.row.translations]

    @strawberry.field
    def children(self) -> list["Concept"]:
        return [Concept(row=row) for row in self.row.children]


@strawberry.type
class Query:
    @strawberry.field
    def concepts(self, info: Info, kind: str, codes: list[str]) -> list[Concept]:
        session: Session = info.context["session"]
        rows = session.scalars(
            select(models.Concept)
            .where(models.Concept.kind == kind, models.Concept.code.in_(codes))
            .order_by(models.Concept.code)
        )
        return [Concept(row=row) for row in rows]


schema = strawberry.Schema(Query)
