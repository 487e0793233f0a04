"""A file of SQL is split as psql splits it."""

from querysafe.profile import script
from querysafe.profile.unread import Unread
from querysafe.query import CapturedQuery

TEXT = r"""\set ON_ERROR_STOP on
-- a comment; with a semicolon
SELECT ';' AS a,
  $$ ; $$ AS b; SELECT 2 /* ; */;
CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC
  SELECT CASE WHEN true THEN 1 ELSE 2 END; END;
COPY t (a) FROM stdin;
1;'
\.
SELECT 'a
\not a command
' FROM t
"""


def _read(text: str) -> tuple[list[str], list[Unread]]:
    found = list(script.read(text, "a.sql"))
    return (
        [each.statement for each in found if isinstance(each, CapturedQuery)],
        [each for each in found if isinstance(each, Unread)],
    )


def test_statements_end_at_semicolons_that_are_no_text() -> None:
    statements, unread = _read(TEXT)
    assert [each.split()[0] for each in statements] == [
        "SELECT", "SELECT", "CREATE", "COPY", "SELECT",
    ]  # fmt: skip
    assert statements[2].endswith("END")
    assert statements[4] == "SELECT 'a\n\\not a command\n' FROM t"
    assert [str(each) for each in unread] == ["a.sql:1: psql command"]


def test_a_statement_begins_after_its_comment_and_knows_its_line() -> None:
    assert list(script.split("\n-- x\n\n SELECT 1;\nSELECT 2")) == [
        ("SELECT 1", 4),
        ("SELECT 2", 5),
    ]


def test_an_unclosed_quote_is_told_with_its_line() -> None:
    statements, unread = _read("SELECT 1;\nSELECT 'x;\nSELECT 3;")
    assert statements == ["SELECT 1"]
    assert [(each.line, each.broken) for each in unread] == [(2, True)]
    assert _read("SELECT $a$ x; y")[1][0].why == "a quote or comment is not closed"
    assert _read("SELECT 'x'")[1] == []
