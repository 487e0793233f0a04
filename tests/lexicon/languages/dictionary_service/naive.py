"""Reads of the dictionary with the classic mistakes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from tests.lexicon.languages.models import Concept, Language, Translation
from tests.lexicon.languages.schemas import ConceptCard


def word_list(session: Session, kind: str, limit: int) -> list[dict[str, Any]]:
    """Concepts with their names and the language of each: an N+1 within an N+1."""
    concepts = session.scalars(
        select(Concept).where(Concept.kind == kind).order_by(Concept.code).limit(limit)
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


def concepts_by_id(session: Session, ids: Sequence[int]) -> list[str]:
    """A loop of ``get``."""
    codes = []
    for number in ids:
        concept = session.get(Concept, number)
        if concept is not None:
            codes.append(concept.code)
    return codes


def cards(session: Session, codes: Sequence[str]) -> list[dict[str, Any]]:
    """An N+1 that no line of ours shows: pydantic reads the attributes."""
    concepts = session.scalars(
        select(Concept)
        .where(Concept.kind == "territory", Concept.code.in_(codes))
        .order_by(Concept.code)
    )
    return [ConceptCard.model_validate(concept).model_dump() for concept in concepts]


def paths(session: Session, codes: Sequence[str]) -> dict[str, list[str]]:
    """Where each territory lies in the tree: one query for every step upwards."""
    found = {}
    territories = session.scalars(
        select(Concept).where(Concept.kind == "territory", Concept.code.in_(codes))
    )
    for territory in territories:
        steps = []
        above = territory.parent
        while above is not None:
            steps.append(above.code)
            above = above.parent
        found[territory.code] = steps
    return found


def territory_overview(session: Session, codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many names and languages a territory has: two collections in one join."""
    territories = session.scalars(
        select(Concept)
        .where(Concept.kind == "territory", Concept.code.in_(codes))
        .options(joinedload(Concept.translations), joinedload(Concept.speakers))
    ).unique()
    return {
        territory.code: (len(territory.translations), len(territory.speakers))
        for territory in territories
    }


def main_language(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """The name of each territory in the first language: the top one, asked for one by one."""
    names = {}
    territories = session.scalars(
        select(Concept).where(Concept.kind == "territory", Concept.code.in_(codes))
    )
    for territory in territories:
        first = session.scalars(
            select(Translation)
            .where(Translation.concept_id == territory.id)
            .order_by(Translation.language_id, Translation.form)
            .limit(1)
        ).first()
        if first is not None:
            names[territory.code] = first.text
    return names


def count_translations(session: Session, tag: str) -> int:
    """Every row is loaded to be counted."""
    translations = session.scalars(
        select(Translation).join(Translation.language).where(Language.tag == tag)
    ).all()
    return len(translations)


def language_index(session: Session, tags: Sequence[str]) -> list[tuple[str, str]]:
    """An eager load that nothing reads."""
    languages = session.scalars(
        select(Language)
        .where(Language.tag.in_(tags))
        .order_by(Language.tag)
        .options(selectinload(Language.translations))
    ).all()
    return [(language.tag, language.name) for language in languages]


def glossary(session: Session, kind: str, limit: int) -> list[tuple[str, str]]:
    """A deferred column read for each row."""
    concepts = session.scalars(
        select(Concept).where(Concept.kind == kind).order_by(Concept.code).limit(limit)
    ).all()
    return [(concept.code, concept.definition) for concept in concepts]


def name_in(session: Session, codes: Sequence[str], tag: str) -> dict[str, str]:
    """The language is looked up again for each concept, though it never changes."""
    concepts = session.scalars(
        select(Concept).where(Concept.kind == "territory", Concept.code.in_(codes))
    ).all()
    texts = {
        (row.concept_id, row.language_id): row.text
        for row in session.scalars(
            select(Translation).where(
                Translation.concept_id.in_([concept.id for concept in concepts]),
                Translation.form == "name",
            )
        )
    }
    names = {}
    for concept in concepts:
        language = session.scalars(select(Language).where(Language.tag == tag)).one()
        if (concept.id, language.id) in texts:
            names[concept.code] = texts[concept.id, language.id]
    return names


def page_frame(session: Session, tag: str) -> dict[str, str]:
    """Header and footer read the same row, each by itself."""
    header = session.scalars(select(Language).where(Language.tag == tag)).one().name
    footer = session.scalars(select(Language).where(Language.tag == tag)).one().autonym
    return {"header": header, "footer": footer or ""}
