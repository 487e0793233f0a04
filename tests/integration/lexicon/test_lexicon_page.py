"""The page about the lexicon."""

from pathlib import Path

import pytest

from tests.lexicon.indexes import MISSING_INDEXES
from tests.lexicon.mistakes import MISTAKES, Mistake

PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "lexicon.md"


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_every_mistake_is_told_with_its_rule(mistake: Mistake) -> None:
    (row,) = [
        line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| `{mistake}` ")
    ]

    assert mistake.rules[0] in row


def test_every_missing_index_is_told() -> None:
    text = PAGE.read_text("utf-8")

    assert all(f"`{one.table} ({', '.join(one.columns)})`" in text for one in MISSING_INDEXES)
