"""Pages of an index that is not there."""

import pytest

from querysafe.advice.index import Index, Key, Table
from querysafe.advice.planning.sizing import Contents, pages

TABLE = Table("public", "t")


def size(
    rows: float,
    *,
    distinct: float | None = None,
    width: float = 8,
    method: str = "btree",
    **more: object,
) -> int:
    contents = {
        name: more.pop(name)
        for name in ("merges", "elements", "element_width", "heap_pages")
        if name in more
    }
    index = Index(table=TABLE, keys=(Key(column="a"),), method=method, **more)  # type: ignore[arg-type]
    return pages(
        index,
        Contents(
            rows=rows,
            distinct=rows if distinct is None else distinct,
            width=width,
            **contents,  # type: ignore[arg-type]
        ),
    )


def test_a_million_unique_integers_take_what_postgresql_needs() -> None:
    # measured: CREATE INDEX over generate_series(1, 1000000)::bigint is 2745 pages
    assert size(1e6) == pytest.approx(2745, rel=0.02)


def test_equal_keys_are_kept_once() -> None:
    # measured: the same over g % 100 is 847 pages
    assert size(1e6, distinct=100) == pytest.approx(847, rel=0.06)
    assert size(1e6, distinct=100, merges=False) == size(1e6)
    assert size(1e6, distinct=100, include=("b",)) == size(1e6)
    assert size(1e6, distinct=100, storage=(("deduplicate_items", "off"),)) == size(1e6)


def test_a_block_range_index_is_tiny() -> None:
    assert size(1e8, method="brin", heap_pages=1_000_000) < 50
    few = size(1e8, method="brin", heap_pages=1_000_000, storage=(("pages_per_range", "16"),))
    assert few > 4 * size(1e8, method="brin", heap_pages=1_000_000)


def test_a_hash_index_does_not_grow_with_its_keys() -> None:
    # measured: over 1.6 million texts of 32 bytes it takes 53.8 MB, a B-tree 94.5 MB
    assert size(1.6e6, width=36, method="hash") * 8192 == pytest.approx(53.8e6, rel=0.05)
    assert size(1.6e6, width=36) * 8192 == pytest.approx(94.5e6, rel=0.05)


def test_words_that_occur_once_make_an_inverted_index_big() -> None:
    # measured: 400,000 texts of five words, of which two are each row's own: 87.4 MB
    found = size(
        4e5, method="gin", elements=5.1, distinct=807_000, element_width=25, heap_pages=10_500
    )
    assert found * 8192 == pytest.approx(87.4e6, rel=0.2)
    few = size(4e5, method="gin", elements=5.1, distinct=5000, heap_pages=10_500)
    assert few < found / 5


@pytest.mark.parametrize("method", ["btree", "gin", "gist", "hash", "spgist", "brin"])
def test_more_rows_take_no_less(method: str) -> None:
    sizes = [
        size(rows, method=method, heap_pages=int(rows / 100)) for rows in (0, 10, 1e4, 1e6, 1e8)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] >= 1
