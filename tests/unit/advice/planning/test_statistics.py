"""The statistics file, and what is withheld from it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from querysafe.advice.index import Table
from querysafe.advice.planning.errors import StatisticsError
from querysafe.advice.planning.injecting import array
from querysafe.advice.planning.masking import masked
from querysafe.advice.planning.matching import match
from querysafe.advice.planning.statistics import (
    ColumnStatistics,
    IndexStatistics,
    Statistics,
    TableStatistics,
    dumps,
    loads,
    save,
)
from tests.unit.advice.planning.test_guessing import CHILD, column, table

NUMBERS = st.floats(0, 1, width=32)
TEXTS = st.lists(st.text(max_size=5), max_size=4).map(tuple)
COLUMNS = st.builds(
    ColumnStatistics,
    type=st.sampled_from(["text", "integer"]),
    null_fraction=NUMBERS,
    width=st.integers(1, 100),
    distinct=st.floats(-1, 1e6),
    common_values=TEXTS,
    common_frequencies=st.lists(NUMBERS, max_size=4).map(tuple),
    bounds=TEXTS,
    correlation=st.none() | st.floats(-1, 1),
    withheld=st.booleans(),
)
NAMES = st.text(min_size=1, max_size=6)
TABLES = st.builds(
    TableStatistics,
    pages=st.integers(0, 10**6),
    rows=st.floats(-1, 1e9),
    writes=st.none() | st.floats(0, 1e6),
    columns=st.dictionaries(NAMES, COLUMNS, max_size=3),
    inherited=st.dictionaries(NAMES, COLUMNS, max_size=1),
    indexes=st.dictionaries(
        NAMES,
        st.builds(
            IndexStatistics,
            pages=st.integers(0, 1000),
            rows=st.floats(-1, 1e6),
            definition=st.text(max_size=5),
            scans=st.none() | st.integers(0, 9),
            columns=st.dictionaries(NAMES, COLUMNS, max_size=1),
        ),
        max_size=2,
    ),
)
STATISTICS = st.builds(
    Statistics,
    version=st.integers(130000, 190000),
    taken=st.just("2026-01-02"),
    settings=st.dictionaries(NAMES, st.text(max_size=4), max_size=2),
    tables=st.dictionaries(st.builds(Table, NAMES, NAMES), TABLES, max_size=3),
)


@settings(max_examples=40, deadline=None)
@given(STATISTICS)
def test_a_file_gives_back_what_was_written(statistics: Statistics) -> None:
    text = dumps(statistics)
    assert loads(text) == statistics
    assert dumps(loads(text)) == text


def test_a_file_has_a_line_for_each_number_and_each_list() -> None:
    shown = ColumnStatistics(
        type="text", null_fraction=0.5, width=3, distinct=2, common_values=("a", "b")
    )
    entry = TableStatistics(pages=1, rows=2, columns={"name": shown})
    lines = dumps(Statistics(version=180000, tables={Table("public", "t"): entry})).splitlines()
    assert '     "common_values": ["a", "b"],' in lines
    assert '     "null_fraction": 0.5,' in lines


def test_saving_leaves_nothing_beside_the_file(tmp_path: Path) -> None:
    save(Statistics(version=180000), tmp_path / "stats.json")
    assert [each.name for each in tmp_path.iterdir()] == ["stats.json"]


@pytest.mark.parametrize(
    ("kind", "distinct", "kept"),
    [
        ("text", 3.0, True),
        ("text", 51.0, False),
        ("text", -1.0, False),
        ("character varying", 50.0, True),
        ("jsonb", 2.0, False),
        ("uuid", 2.0, False),
        ("inet", 2.0, False),
        ("text[]", 2.0, False),
        ("bytea", 2.0, False),
        ("integer", -1.0, True),
        ("numeric", -1.0, True),
        ("boolean", 2.0, True),
        ("timestamp with time zone", -1.0, True),
    ],
)
def test_values_are_kept_by_type_and_count(kind: str, distinct: float, kept: bool) -> None:
    shown = ColumnStatistics(
        type=kind,
        null_fraction=0,
        width=4,
        distinct=distinct,
        common_values=("secret",),
        common_frequencies=(0.5,),
        bounds=("secret", "secret2"),
    )
    entry = TableStatistics(pages=1, rows=2, columns={"name": shown})
    whole = Statistics(version=180000, tables={CHILD: entry})
    found = masked(whole, {CHILD: table(CHILD, column("name", kind))})
    each = found.tables[CHILD].columns["name"]
    assert ("secret" in dumps(found)) is kept
    assert each.withheld is not kept
    assert each.common_frequencies == (0.5,)
    assert "secret" not in dumps(masked(whole, {}, values="none"))
    assert "secret" in dumps(masked(whole, {}, values="all"))


def test_an_enumeration_is_no_secret() -> None:
    shown = ColumnStatistics(
        type="mood", null_fraction=0, width=4, distinct=2, common_values=("happy",)
    )
    entry = TableStatistics(pages=1, rows=2, columns={"mood": shown})
    whole = Statistics(version=180000, tables={CHILD: entry})
    catalog = {CHILD: table(CHILD, column("mood", "mood", sort="e"))}
    assert masked(whole, catalog).tables[CHILD].columns["mood"].common_values == ("happy",)


def test_what_does_not_fit_is_named() -> None:
    shown = ColumnStatistics(type="text", null_fraction=0, width=4, distinct=2)
    other = Table("public", "gone")
    entry = TableStatistics(
        pages=1,
        rows=2,
        columns={"title": shown, "body": shown, "lost": shown},
        indexes={"extra": IndexStatistics(pages=1, rows=1, definition="ON x")},
    )
    found = match(
        Statistics(version=180000, tables={CHILD: entry, other: entry}),
        {CHILD: table(CHILD, column("title"), column("body", "bytea"))},
    )
    assert found.absent == (other,)
    assert found.differing == ("public.posts.body",)
    assert found.indexes == ("extra",)
    assert set(found.statistics.tables[CHILD].columns) == {"title"}
    assert "public.gone" in found.words()


def test_an_array_is_quoted() -> None:
    assert array(()) is None
    assert array(('a"b', "c\\d", "", "NULL")) == '{"a\\"b","c\\\\d","","NULL"}'


@pytest.mark.parametrize(
    ("spoiled", "words"),
    [
        ('"rows": "many"', 'rows is "many"'),
        ('"rows": NaN', "rows is NaN"),
        ('"pages": -1', "pages is -1"),
        ('"pages": 99999999999', "pages is 99999999999"),
        ('"pages": true', "pages is true"),
    ],
)
def test_a_value_that_no_export_writes_is_named(spoiled: str, words: str) -> None:
    rest = '"rows": 5' if spoiled.startswith('"pages"') else '"pages": 5'
    text = '{"querysafe_statistics": 1, "version": 180000, "tables": {"a.b": {%s, %s}}}'
    assert loads(text % ('"pages": 5', '"rows": 5')).tables[Table("a", "b")].pages == 5
    with pytest.raises(StatisticsError, match=re.escape(words)):
        loads(text % (spoiled, rest))


def test_a_domain_is_compared_as_what_it_stands_on() -> None:
    plain = column("email", "character varying(50)")
    assert plain.compared_type == "character varying(50)"
    domain = replace(plain, type="email", plain_type="email", base_type="text")
    assert domain.compared_type == "text"
