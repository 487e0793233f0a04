"""What a sample of rows says of all of them."""

import pytest

from querysafe.advice.planning.sampling import Elements, _named, _share


def elements(**numbers: float) -> Elements:
    whole = {"rows": 1000.0, "seen": 3000.0, "different": 60.0, "once": 0.0, "once_in_half": 0.0}
    return Elements(width=10.0, **{**whole, **numbers})


def test_elements_that_are_all_seen_become_no_more() -> None:
    assert elements().of(1_000_000) == (3_000_000, 60)


def test_elements_of_which_each_row_has_its_own_grow_with_the_rows() -> None:
    own = elements(different=1060, once=1000, once_in_half=500)
    assert own.of(1_000_000) == (3_000_000, pytest.approx(1_000_060))


def test_words_of_a_language_grow_more_slowly() -> None:
    words = elements(different=1060, once=1000, once_in_half=700)
    assert 20_000 < words.of(1_000_000)[1] < 50_000


def test_values_that_never_repeat_are_a_share_of_the_rows() -> None:
    assert _share(60, 60, 60, 900_000, 1_000_000) == -0.9


def test_values_that_are_all_seen_twice_are_all_there_are() -> None:
    assert _share(60, 8, 0, 1_000_000, 1_000_000) == 8


def test_values_in_between_are_more_than_were_seen() -> None:
    assert 40 < _share(60, 40, 25, 1_000_000, 1_000_000) < 1000


def test_the_name_in_a_document_says_what_a_column_of_that_name_would() -> None:
    number = _named("\"custom\" ->> 'order_number'::text", 1e6)
    brand = _named("\"custom\" ->> 'brand'::text", 1e6)
    assert number is not None
    assert brand is not None
    assert number.distinct < -0.5
    assert brand.distinct == 40


def test_an_expression_without_a_name_says_nothing() -> None:
    assert _named('"custom" -> 1', 1e6) is None
