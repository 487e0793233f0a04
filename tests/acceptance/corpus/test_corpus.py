"""Asserts the totals of the corpus, in some minutes: ``scripts/test -m soak``."""

import pytest

from tests.acceptance.corpus.runner import Outcome, render, run_corpus

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run_corpus(grow=True)


@pytest.mark.parametrize("kind", ["bad", "good", "hard-bad", "hard-good"])
def test_every_plain_case_is_judged_as_its_author_would(outcome: Outcome, kind: str) -> None:
    assert outcome.passed(kind) == outcome.total(kind), render(outcome)


def test_no_good_case_is_blamed_when_it_is_grown(outcome: Outcome) -> None:
    assert not outcome.false_when_grown, render(outcome)
