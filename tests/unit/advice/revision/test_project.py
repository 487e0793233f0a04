"""What a person is told to type where a project's ``env.py`` cannot be run."""

import pytest

from querysafe.advice.revision.project import _failure


@pytest.mark.parametrize(
    ("action", "sort", "words", "hint"),
    [
        ("facts", "AttributeError", "'type' object has no attribute 'tables'", "--format sql"),
        (
            "facts",
            "WrongDatabase",
            'env.py connects to "sqlite", not to PostgreSQL',
            "its database",
        ),
        ("facts", "KeyError", "'DATABASE_URL'", "environment variable"),
        ("upgrade", "ProgrammingError", "no such table", "--no-proof"),
    ],
)
def test_a_step_that_fails_says_what_to_type(action: str, sort: str, words: str, hint: str) -> None:
    error = {"action": action, "type": sort, "words": words, "place": ""}
    found = _failure(error)
    assert words in found.message
    assert hint in (found.hint or "")


def test_a_step_that_needs_no_project_has_no_hint_about_it() -> None:
    error = {"action": "generate", "type": "ValueError", "words": "x", "place": ""}
    assert _failure(error).hint is None
