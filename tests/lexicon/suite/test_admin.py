"""What administrators see and do."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.lexicon.models import User
from tests.lexicon.variants import Variant


def test_the_user_table_shows_native_language_and_permissions(
    lexicon: Variant, session: Session
) -> None:
    table = lexicon.admin.user_table(session, 8)

    assert len(table) == 8
    assert all(row["native"] for row in table)
    assert table[0]["permissions"] == ["concept.read", "progress.read", "translation.read"]


def test_the_permissions_of_users_are_those_of_all_their_roles(
    lexicon: Variant, session: Session
) -> None:
    found = lexicon.admin.permission_ids(session, (1, 2, 3, 999_999))

    assert found[1] == found[2] == [1, 4, 6]
    assert set(found[1]) < set(found[3])
    assert found[999_999] == []


def test_activity_counts_roles_and_progress(lexicon: Variant, session: Session) -> None:
    activity = lexicon.admin.activity(session, 6)

    assert activity[0] == ("learner1@lexicon.example", 1, 12)
    assert activity[2][1] == 2


def test_progress_is_counted_for_each_user(lexicon: Variant, session: Session) -> None:
    counts = lexicon.admin.progress_counts(session, 8)

    assert len(counts) == 8
    assert set(counts.values()) == {12}


def test_biographies_are_whole(lexicon: Variant, session: Session) -> None:
    biographies = lexicon.admin.biographies(session, 8)

    assert all("learns a language" in biography for biography in biographies)


def test_users_are_deactivated_once(lexicon: Variant, scratch: Session) -> None:
    emails = [f"learner{number}@lexicon.example" for number in (1, 2, 3, 4)]

    assert lexicon.admin.deactivate(scratch, [*emails, "nobody@lexicon.example"]) == 4
    assert lexicon.admin.deactivate(scratch, emails) == 0
    scratch.commit()

    active = scratch.scalars(select(User.email).where(User.active, User.id <= 5)).all()
    assert active == ["learner5@lexicon.example"]
