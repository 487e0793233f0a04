"""The rows made from CLDR."""

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from tests.lexicon.data import cldr, people
from tests.lexicon.data.loader import Size, load
from tests.lexicon.migrations import upgrade
from tests.lexicon.models import Concept, Translation


@pytest.fixture(scope="module")
def concepts() -> dict[tuple[str, str], cldr.ConceptRow]:
    return {(row.kind, row.code): row for row in cldr.concepts()}


def test_a_territory_lies_in_a_region_of_the_world(
    concepts: dict[tuple[str, str], cldr.ConceptRow],
) -> None:
    by_id = {row.id: row for row in concepts.values()}
    germany = concepts["territory", "DE"]

    path = []
    above = germany.parent_id
    while above is not None:
        path.append(by_id[above].code)
        above = by_id[above].parent_id

    assert path == ["155", "150", "001", ""]


def test_no_territory_is_outside_the_world(
    concepts: dict[tuple[str, str], cldr.ConceptRow],
) -> None:
    root = concepts["territory", ""].id

    assert [row.code for row in concepts.values() if row.parent_id == root] == ["001"]


def test_parents_come_before_their_children() -> None:
    assert all(row.parent_id is None or row.parent_id < row.id for row in cldr.concepts())


def test_a_language_varies_one_that_comes_before_it() -> None:
    assert all(row.parent_id is None or row.parent_id < row.id for row in cldr.languages())


def test_the_slice_holds_the_parents_of_all_that_is_in_it() -> None:
    chosen = {row.id for row in cldr.concepts() if cldr.in_slice(row)}

    assert all(
        row.parent_id in chosen
        for row in cldr.concepts()
        if row.id in chosen and row.parent_id is not None
    )


def test_a_name_is_given_once_for_each_language_concept_and_form() -> None:
    rows = list(cldr.translations())

    assert len(rows) > 200_000
    assert len({row.language_id for row in rows}) > 200
    assert len({(row.language_id, row.concept_id, row.form) for row in rows}) == len(rows)


def test_a_locale_gives_only_what_it_does_not_inherit() -> None:
    canada = list(cldr.translations(frozenset({"fr-CA"})))
    france = list(cldr.translations(frozenset({"fr"})))

    assert 0 < len(canada) < len(france) / 2


def test_the_same_learners_are_invented_every_time() -> None:
    first = people.invent(20, [1, 2, 3], list(range(50)))

    assert first == people.invent(20, [1, 2, 3], list(range(50)))
    assert first.users[:5] == people.invent(5, [1, 2, 3], list(range(50))).users


def test_the_full_data_is_copied_in_seconds_and_new_rows_get_new_ids(
    empty_postgres: Engine,
) -> None:
    upgrade(empty_postgres)
    told: dict[str, int] = {}

    def on_rows(table: str, rows: int) -> None:
        told[table] = told.get(table, 0) + rows

    loaded = load(empty_postgres, Size.FULL, on_rows)

    assert loaded.rows > 200_000
    assert loaded.seconds < 60
    assert told == loaded.by_table
    with Session(empty_postgres) as session:
        counted = session.scalars(select(func.count()).select_from(Translation)).one()
        assert counted == loaded.by_table["translation"]
        session.add(Concept(kind="unit", code="length-smoot", parent_id=5, definition=""))
        session.commit()


def test_a_row_of_the_slice_has_the_id_it_has_in_the_full_data(loaded: Engine) -> None:
    ids = {(row.kind, row.code): row.id for row in cldr.concepts()}
    with Session(loaded) as session:
        rows = session.execute(select(Concept.kind, Concept.code, Concept.id)).all()

    assert 50 < len(rows) < 200
    assert all(ids[kind, code] == number for kind, code, number in rows)
