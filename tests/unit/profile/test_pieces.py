"""A statement is cut where the server's lexer would cut it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from querysafe.fingerprint.pieces import pieces


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("SELECT 'a''b;' -- c", ["SELECT ", "'a''b;'", " ", "-- c"]),
        ("a /* x /* y */ z */ b", ["a ", "/* x /* y */ z */", " b"]),
        ("f($fn$ ; $x$ $fn$)", ["f(", "$fn$ ; $x$ $fn$", ")"]),
        (r"E'it\'s' 'x\'", [r"E'it\'s'", " ", r"'x\'"]),
        ('one$a$ "q""r"', ["one$a$ ", '"q""r"']),
        ("table'x'", ["table", "'x'"]),
    ],
)
def test_a_text_is_cut_into_code_quotes_and_comments(text: str, cut: list[str]) -> None:
    assert [piece.text for piece in pieces(text)] == cut


@given(st.text(alphabet="ab'\"$-/*;e\\\n ", max_size=60))
def test_nothing_of_any_text_is_lost(text: str) -> None:
    found = list(pieces(text))
    assert "".join(piece.text for piece in found) == text
    assert all(text.startswith(piece.text, piece.start) for piece in found)
