"""The search by prefix."""

from sqlalchemy.orm import Session

from tests.lexicon.variants import Variant


def test_a_prefix_finds_names_whatever_their_case(lexicon: Variant, session: Session) -> None:
    hits = lexicon.search.search(session, "Francia", 40)

    assert {"code": "FR", "language": "it", "text": "Francia"} in hits


def test_wildcards_are_taken_literally(lexicon: Variant, session: Session) -> None:
    assert lexicon.search.search(session, "fr%nc", 5) == []


def test_hits_are_counted(lexicon: Variant, session: Session) -> None:
    assert lexicon.search.count_hits(session, "fra") >= 5
