import asyncio

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import StaticPool

import querysafe
from querysafe.errors import GrowthError


@pytest.fixture
def engine() -> Engine:
    return create_engine("sqlite://", poolclass=StaticPool)


class Rows:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.count = 0

    def populate(self, count: int) -> None:
        self.count = count

    def one_by_one(self) -> None:
        with self.engine.connect() as connection:
            for number in range(self.count):
                connection.execute(text("SELECT :number"), {"number": number})

    def at_once(self) -> None:
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))


def test_a_constant_number_of_queries_passes(engine: Engine) -> None:
    rows = Rows(engine)
    assert querysafe.assert_constant(rows.populate, rows.at_once) is None


def test_growth_fails_and_the_message_leads_with_the_law(engine: Engine) -> None:
    rows = Rows(engine)
    with pytest.raises(AssertionError) as caught:
        querysafe.assert_constant(rows.populate, rows.one_by_one, scales=(2, 5))
    first, second, *_ = str(caught.value).splitlines()
    assert first == "the queries follow the rows (~N): 2 queries at 2, 5 queries at 5"
    assert "test_assert_constant.py:" in second
    assert second.endswith("2 → 5: SELECT ?")


def test_a_warm_up_is_not_counted(engine: Engine) -> None:
    rows = Rows(engine)
    warmed: list[int] = []

    def run() -> None:
        rows.at_once()
        if not warmed:
            rows.at_once()

    def warm_up() -> None:
        warmed.append(rows.count)
        rows.one_by_one()

    querysafe.assert_constant(rows.populate, run, warm_up=warm_up)
    assert warmed == [2]


@pytest.mark.parametrize("scales", [(2,), (3, 2), (0, 1), (2, 2)])
def test_scales_that_do_not_rise_are_refused(engine: Engine, scales: tuple[int, ...]) -> None:
    rows = Rows(engine)
    with pytest.raises(GrowthError, match="scales"):
        querysafe.assert_constant(rows.populate, rows.at_once, scales=scales)


@pytest.mark.parametrize("grows", [False, True])
def test_coroutines_are_awaited(grows: bool) -> None:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    count = 0

    async def populate(number: int) -> None:
        nonlocal count
        count = number

    async def run() -> None:
        async with engine.connect() as connection:
            for _ in range(count if grows else 1):
                await connection.execute(text("SELECT 1"))

    async def test() -> None:
        try:
            await querysafe.assert_constant(populate, run)
        finally:
            await engine.dispose()

    if grows:
        with pytest.raises(AssertionError, match="follow the rows"):
            asyncio.run(test())
    else:
        asyncio.run(test())
