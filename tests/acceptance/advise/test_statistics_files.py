"""A statistics file that is none, damaged, newer, or of another schema."""

import json

import pytest

from tests.acceptance.advise.bench import Bench

WRONG = {
    "nothing": ("", "is no statistics file"),
    "text": ("hello", "is no statistics file"),
    "cut JSON": ('{"querysafe_statistics": 1, "tab', "is no statistics file"),
    "other JSON": ('{"tables": {}}', "is no statistics file"),
    "a newer format": ('{"querysafe_statistics": 7, "version": 180000}', "has format 7"),
    "bytes": (b"\x80\x81\x00", "is no statistics file"),
    "numbers that are none": (
        '{"querysafe_statistics": 1, "version": 180000, "tables": {"public.orders": 5}}',
        "is no statistics file",
    ),
    "another schema": (
        json.dumps(
            {
                "querysafe_statistics": 1,
                "version": 180000,
                "tables": {"app.basket": {"pages": 7, "rows": 9}},
            }
        ),
        "is of another schema: the database has none of its 1 tables (app.basket)",
    ),
}


@pytest.mark.parametrize(("content", "words"), WRONG.values(), ids=WRONG)
def test_a_file_that_does_not_fit_is_an_error(
    shop: Bench, content: str | bytes, words: str
) -> None:
    shop.write("stats.json", content)
    before = shop.state()
    done = shop.advise("orders.sql", "--stats", "stats.json")
    assert (done.status, done.stdout) == (3, ""), done
    assert f'"stats.json"{": the file" if "format" in words else ""} {words}' in done.stderr
    assert "hint: " in done.stderr
    assert shop.state() == before


def test_a_file_that_fits_in_part_says_what_it_lacks(shop: Bench) -> None:
    done = shop.advise("stats", "export", "--output", "stats.json")
    assert done.status == 0
    content = json.loads((shop.folder / "stats.json").read_text())
    content["tables"]["public.orders"].update(pages=20000, rows=2000000)
    content["tables"]["app.basket"] = content["tables"].pop("public.customers")
    content["version"] = 130005
    shop.write("stats.json", json.dumps(content))
    done = shop.advise("orders.sql", "--stats", "stats.json")
    assert done.status == 0, done.stderr
    assert "the database lacks: app.basket" in done.stdout
    assert "the file lacks: public.customers" in done.stdout
    assert "(PostgreSQL 13)" in done.stdout


def test_a_file_that_is_not_there_or_cannot_be_written_is_named(shop: Bench) -> None:
    missing = shop.advise("orders.sql", "--stats", "nowhere.json")
    assert (missing.status, "nowhere.json" in missing.stderr) == (2, True)
    before = shop.state()
    unwritten = shop.advise("stats", "export", "--output", "no/folder/stats.json")
    assert unwritten.status == 3
    assert '"no/folder/stats.json" cannot be written: No such file or directory' in unwritten.stderr
    assert shop.state() == before
