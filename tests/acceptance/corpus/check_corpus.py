"""Asserts the totals of the corpus; named so that the suite does not collect it yet."""

import pytest

from tests.acceptance.corpus.runner import Outcome, render, run_corpus


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run_corpus(grow=True)


@pytest.mark.parametrize("kind", ["bad", "good", "hard-good", "policy"])
def test_every_plain_case_is_judged_as_its_author_would(outcome: Outcome, kind: str) -> None:
    assert outcome.passed(kind) == outcome.total(kind), render(outcome)


def test_nine_of_eleven_hard_bad_cases_are_found(outcome: Outcome) -> None:
    assert outcome.passed("hard-bad") * 11 >= outcome.total("hard-bad") * 9, render(outcome)
