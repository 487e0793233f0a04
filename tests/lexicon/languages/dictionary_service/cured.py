"""The same reads of the dictionary, cured."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload, undefer

from tests.lexicon.languages.models import Concept, Language, Translation
from tests.lexicon.languages.schemas import ConceptCard


def word_list(session: Session, kind: str, limit: int) -> list[dict[str, Any]]:
    """Three queries, whatever the number of concepts."""
    concepts = session.scalars(
        select(Concept)
        .where(Concept.kind == kind)
        .order_by(Concept.code)
        .limit(limit)
        .options(selectinload(Concept.translations).joinedload(Translation.language))
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
    """One ``IN``."""
    rows = session.execute(select(Concept.id, Concept.code).where(Concept.id.in_(ids)))
    codes = dict(rows.all())
    return [codes[number] for number in ids if number in codes]


def cards(session: Session, codes: Sequence[str]) -> list[dict[str, Any]]:
    """What pydantic will read is loaded ahead."""
    concepts = session.scalars(
        select(Concept)
        .where(Concept.kind == "territory", Concept.code.in_(codes))
        .order_by(Concept.code)
        .options(selectinload(Concept.translations).joinedload(Translation.language))
    )
    return [ConceptCard.model_validate(concept).model_dump() for concept in concepts]


def paths(session: Session, codes: Sequence[str]) -> dict[str, list[str]]:
    """One recursive query."""
    start = (
        select(Concept.code.label("of"), Concept.parent_id.label("above"))
        .add_columns(literal(0).label("depth"))
        .where(Concept.kind == "territory", Concept.code.in_(codes))
        .cte("climb", recursive=True)
    )
    step = aliased(Concept)
    climb = start.union_all(
        select(start.c.of, step.parent_id, start.c.depth + 1).join(step, step.id == start.c.above)
    )
    rows = session.execute(
        select(climb.c.of, Concept.code)
        .outerjoin(Concept, Concept.id == climb.c.above)
        .order_by(climb.c.of, climb.c.depth)
    )
    found: dict[str, list[str]] = {}
    for code, above in rows:
        steps = found.setdefault(code, [])
        if above is not None:
            steps.append(above)
    return found


def territory_overview(session: Session, codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Each collection in a query of its own."""
    territories = session.scalars(
        select(Concept)
        .where(Concept.kind == "territory", Concept.code.in_(codes))
        .options(selectinload(Concept.translations), selectinload(Concept.speakers))
    )
    return {
        territory.code: (len(territory.translations), len(territory.speakers))
        for territory in territories
    }


def main_language(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """The top one of every territory in one query, by a window."""
    ranked = (
        select(
            Concept.code,
            Translation.text,
            func.row_number()
            .over(
                partition_by=Translation.concept_id,
                order_by=(Translation.language_id, Translation.form),
            )
            .label("place"),
        )
        .join(Translation.concept)
        .where(Concept.kind == "territory", Concept.code.in_(codes))
        .subquery()
    )
    rows = session.execute(select(ranked.c.code, ranked.c.text).where(ranked.c.place == 1))
    return dict(rows.all())


def count_translations(session: Session, tag: str) -> int:
    """The database counts."""
    return session.scalars(
        select(func.count()).select_from(Translation).join(Language).where(Language.tag == tag)
    ).one()


def language_index(session: Session, tags: Sequence[str]) -> list[tuple[str, str]]:
    """Only what is shown is loaded."""
    languages = session.scalars(
        select(Language).where(Language.tag.in_(tags)).order_by(Language.tag)
    ).all()
    return [(language.tag, language.name) for language in languages]


def glossary(session: Session, kind: str, limit: int) -> list[tuple[str, str]]:
    """The deferred column comes with the rows that need it."""
    concepts = session.scalars(
        select(Concept)
        .where(Concept.kind == kind)
        .order_by(Concept.code)
        .limit(limit)
        .options(undefer(Concept.definition))
    ).all()
    return [(concept.code, concept.definition) for concept in concepts]


def name_in(session: Session, codes: Sequence[str], tag: str) -> dict[str, str]:
    """The language is looked up once, and the database does the choosing."""
    language = session.scalars(select(Language).where(Language.tag == tag)).one()
    translations = session.scalars(
        select(Translation)
        .join(Translation.concept)
        .where(
            Concept.kind == "territory",
            Concept.code.in_(codes),
            Translation.language_id == language.id,
            Translation.form == "name",
        )
        .options(joinedload(Translation.concept))
    )
    return {translation.concept.code: translation.text for translation in translations}


def page_frame(session: Session, tag: str) -> dict[str, str]:
    """One read for both."""
    language = session.scalars(select(Language).where(Language.tag == tag)).one()
    return {"header": language.name, "footer": language.autonym or ""}
