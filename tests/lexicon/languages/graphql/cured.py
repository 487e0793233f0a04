"""Blocking resolvers; the root looks ahead in the query and loads what it will read."""

from collections.abc import Iterable

import strawberry
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import LoaderOption
from strawberry.types import Info
from strawberry.types.nodes import Selection

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
        wanted = [child for field in info.selected_fields for child in field.selections]
        rows = session.scalars(
            select(models.Concept)
            .where(models.Concept.kind == kind, models.Concept.code.in_(codes))
            .order_by(models.Concept.code)
            .options(*_loads(wanted))
        )
        return [Concept(row=row) for row in rows]


def _loads(selections: Iterable[Selection]) -> list[LoaderOption]:
    """Options for the relationships of a concept that a query asks for, at any depth."""
    loads: list[LoaderOption] = []
    for selection in selections:
        match getattr(selection, "name", None):
            case "translations":
                load = selectinload(models.Concept.translations)
                names = {getattr(child, "name", None) for child in selection.selections}
                if "language" in names:
                    load = load.options(joinedload(models.Translation.language))
                loads.append(load)
            case "children":
                below = _loads(selection.selections)
                loads.append(selectinload(models.Concept.children).options(*below))
    return loads


schema = strawberry.Schema(Query)
