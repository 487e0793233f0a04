"""Sources that are empty, damaged, foreign or no text: each is told, the rest goes on."""

import gzip
import json

import pytest

from tests.acceptance.advise.bench import BY_USER, Bench

LINE = json.dumps({"sql": "SELECT * FROM orders WHERE user_id = $1", "params": [7]})
PACKED = gzip.compress((LINE + "\n").encode() * 500)
ROWS = ("--rows", "2000000", "--format", "sql")

REFUSED: dict[str, tuple[str, str | bytes, str]] = {
    "an empty file": ("empty.ndjson", "", "empty.ndjson: no statement that an index could serve"),
    "blank lines": ("blank.sql", "\n \n-- nothing\n", "no statement that an index could serve"),
    "a script without a query": (
        "ddl.sql", "CREATE TABLE a (b int); VACUUM;",
        "no statement that an index could serve (1 DDL, 1 utility)",
    ),
    "lines that are no JSON": (
        "text.ndjson", "hello\nworld\n", "no statement that an index could serve (2 unreadable)",
    ),
    "JSON without statements": (
        "other.json", '[{"a": 1}, {"b": 2}]', "could serve (2 no statement)",
    ),
    "a file of bytes": ("dump.sql", b"PGDMP\x00\x01\x0e", '"dump.sql" is no text'),
    "a cut gzip": ("cut.ndjson.gz", PACKED[:60], '"cut.ndjson.gz" cannot be read'),
    "a damaged gzip": (
        "bad.ndjson.gz", PACKED[:20] + b"\xff" * 30, '"bad.ndjson.gz" cannot be read',
    ),
    "a gzip in name only": ("name.ndjson.gz", "no gzip\n", "no statement"),
    "a log of something else": (
        "app.log", "started\nready\n", '"app.log" is neither a log of PostgreSQL nor of querysafe',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "words"), REFUSED.values(), ids=REFUSED)
def test_a_source_without_a_statement_is_an_error(
    shop: Bench, name: str, content: str | bytes, words: str
) -> None:
    shop.write(name, content)
    before = shop.state()
    done = shop.advise(name)
    assert (done.status, done.stdout) == (3, ""), done
    assert words in done.stderr
    assert "hint: " in done.stderr
    assert shop.state() == before


def test_a_file_and_a_folder_that_are_not_there_are_named(shop: Bench) -> None:
    (shop.folder / "empty").mkdir()
    missing = shop.advise("nowhere.ndjson")
    assert (missing.status, 'there is no file "nowhere.ndjson"' in missing.stderr) == (3, True)
    empty = shop.advise("empty")
    assert (empty.status, '"empty" holds no source of queries' in empty.stderr) == (3, True)


READ: dict[str, tuple[str, str | bytes, str]] = {
    "a cut last line": ("cut.ndjson", LINE + "\n" + LINE[:30], "cut.ndjson:2: no JSON"),
    "a statement that is no SQL": (
        "wrong.sql", BY_USER + "SELEC * FRM orders;\n\n" + BY_USER,
        'wrong.sql:2: syntax error at or near "SELEC"',
    ),
    "a quote that is not closed": (
        "quote.sql", BY_USER + "SELECT 'a;\n", "quote.sql:2: a quote or comment is not closed",
    ),
    "a line of JSON that is no SQL": (
        "wrong.ndjson", LINE + '\n{"sql": "SELECT FROM WHERE x"}\n',
        'wrong.ndjson:2: syntax error at or near "WHERE"',
    ),
    "a table that is not there": (
        "more.sql", BY_USER + "SELECT * FROM basket WHERE id = 7;\n",
        'more.sql:2: relation "basket" does not exist',
    ),
    "a column that is not there": (
        "column.sql", BY_USER + "SELECT * FROM orders WHERE colour = 'red';\n",
        'column.sql:2: column "colour" does not exist',
    ),
    "a gzip": ("whole.ndjson.gz", PACKED, ""),
    "a gzip under another name": ("whole.ndjson", PACKED, ""),
    "a text in UTF-8 with a mark": ("mark.sql", b"\xef\xbb\xbf" + BY_USER.encode(), ""),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "words"), READ.values(), ids=READ)
def test_what_cannot_be_read_is_named_with_its_line_and_the_rest_goes_on(
    shop: Bench, name: str, content: str | bytes, words: str
) -> None:
    shop.write(name, content)
    before = shop.state()
    done = shop.advise(name, *ROWS)
    assert done.status == 0, done.stderr
    assert done.stdout.count('"public"."orders" USING btree ("user_id")') == 1
    assert words in done.stderr
    assert bool(words) == ("warning: " in done.stderr)
    assert shop.state() == before


def test_a_recording_of_another_schema_is_an_error_that_names_its_tables(shop: Bench) -> None:
    names = ["basket", "voucher", "stock", "supplier"]
    shop.write("other.sql", "".join(f"SELECT * FROM {each} WHERE id = 7;\n" for each in names))
    before = shop.state()
    done = shop.advise("other.sql")
    assert (done.status, done.stdout) == (3, "")
    assert 'relation "basket" does not exist; relation "voucher" does not exist' in done.stderr
    assert "and 1 more" in done.stderr
    assert "hint: is it a recording of another schema?" in done.stderr
    assert shop.state() == before
