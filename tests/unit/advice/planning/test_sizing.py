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
        name: more.pop(name) for name in ("merges", "elements", "heap_pages") if name in more
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


@pytest.mark.parametrize("method", ["btree", "gin", "gist", "hash", "spgist", "brin"])
def test_more_rows_take_no_less(method: str) -> None:
    sizes = [
        size(rows, method=method, heap_pages=int(rows / 100)) for rows in (0, 10, 1e4, 1e6, 1e8)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] >= 1
