"""How many rows and keys an index has, as a sample of blocks tells."""

import random
from collections.abc import Callable, Sequence

import pytest

from querysafe.advice.planning.counting import Counted, Half

BLOCKS, PER_BLOCK, SAMPLED = 1000, 60, 200
ROWS = BLOCKS * PER_BLOCK


def _half(pairs: Sequence[tuple[int, int]]) -> Half:
    blocks: dict[int, set[int]] = {}
    for block, key in pairs:
        blocks.setdefault(key, set()).add(block)
    return Half(
        seen=sum(map(len, blocks.values())),
        different=len(blocks),
        once=sum(len(each) == 1 for each in blocks.values()),
    )


def _counted(key: Callable[[random.Random, int], int]) -> tuple[Counted, int]:
    """What a sample says, and how many different keys there are."""
    chance = random.Random(7)
    rows = [(at // PER_BLOCK, key(chance, at)) for at in range(ROWS)]
    chosen = set(chance.sample(range(BLOCKS), SAMPLED))
    pairs = [each for each in rows if each[0] in chosen]
    return Counted(
        rows=len(pairs),
        held=len(pairs),
        whole=_half(pairs),
        half=_half([each for each in pairs if each[0] % 2 == 0]),
    ), len({each for _, each in rows})


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(lambda chance, _: chance.randrange(7_500), id="eight rows a key"),
        pytest.param(lambda chance, _: chance.randrange(500), id="few keys"),
        pytest.param(lambda _, at: at, id="no key twice"),
        pytest.param(
            lambda chance, at: at if chance.random() < 0.5 else -chance.randrange(1, 50),
            id="half of the rows with keys of their own, half with a few",
        ),
    ],
)
def test_keys_are_counted_as_many_as_there_are(
    key: Callable[[random.Random, int], int],
) -> None:
    counted, real = _counted(key)
    _, found = counted.of(ROWS)
    assert real * 0.85 <= found <= real * 1.5


def test_rows_written_together_with_one_key_are_not_taken_for_a_key_that_repeats_everywhere() -> (
    None
):
    counted, real = _counted(lambda _, at: at // 5)
    _, found = counted.of(ROWS)
    assert found == pytest.approx(real, rel=0.02)


def test_rows_are_those_that_the_predicate_leaves_and_a_little_more() -> None:
    half = Half(seen=400, different=400, once=400)
    counted = Counted(rows=10_000, held=400, whole=half, half=half)
    rows, keys = counted.of(1_000_000)
    assert rows == pytest.approx(44_800)
    assert keys == pytest.approx(44_800)
