"""A block decorates functions, coroutines and generators without changing what they do."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from types import TracebackType
from typing import Any, Self

import pytest

from querysafe.testing.blocks import Block


class Open(Block[None]):
    """Counts how often it is open at the moment."""

    depth = 0
    follows_steps = True

    def __enter__(self) -> None:
        Open.depth += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        Open.depth -= 1

    def _again(self) -> Self:
        return type(self)()


def test_a_function_keeps_its_name_its_value_and_its_error() -> None:
    @Open()
    def divide(one: int, other: int) -> tuple[float, int]:
        """Divide."""
        return one / other, Open.depth

    assert divide(4, other=2) == (2.0, 1)
    assert (divide.__name__, divide.__doc__) == ("divide", "Divide.")
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
    assert Open.depth == 0


def test_recursion_opens_a_block_for_each_call() -> None:
    @Open()
    def deep(levels: int) -> int:
        return deep(levels - 1) if levels else Open.depth

    assert deep(3) == 4
    assert Open.depth == 0


async def test_a_coroutine_is_within_for_as_long_as_it_runs() -> None:
    @Open()
    async def wait() -> int:
        await asyncio.sleep(0)
        return Open.depth

    assert await wait() == 1
    assert Open.depth == 0


def test_a_generator_receives_values_errors_and_its_end() -> None:
    told: list[Any] = []

    @Open()
    def talk() -> Generator[int, Any, str]:
        try:
            told.append((yield Open.depth))
            try:
                yield Open.depth
            except KeyError as error:
                told.append(error.args)
            yield Open.depth
            return "end"
        finally:
            told.append(("closed", Open.depth))

    conversation = talk()
    assert next(conversation) == 1
    assert Open.depth == 0
    assert conversation.send("a") == 1
    assert conversation.throw(KeyError("b")) == 1
    with pytest.raises(StopIteration) as end:
        next(conversation)
    assert end.value.value == "end"
    assert told == ["a", ("b",), ("closed", 1)]
    unfinished = talk()
    next(unfinished)
    unfinished.close()
    assert told[-1] == ("closed", 1)
    assert Open.depth == 0


async def test_an_async_generator_receives_values_errors_and_its_end() -> None:
    told: list[Any] = []

    @Open()
    async def talk() -> AsyncGenerator[int, Any]:
        try:
            told.append((yield Open.depth))
            await asyncio.sleep(0)
            try:
                yield Open.depth
            except KeyError as error:
                told.append(error.args)
            yield Open.depth
        finally:
            told.append(("closed", Open.depth))

    conversation = talk()
    assert await anext(conversation) == 1
    assert Open.depth == 0
    assert await conversation.asend("a") == 1
    assert await conversation.athrow(KeyError("b")) == 1
    with pytest.raises(StopAsyncIteration):
        await anext(conversation)
    assert told == ["a", ("b",), ("closed", 1)]
    unfinished = talk()
    await anext(unfinished)
    await unfinished.aclose()
    assert told[-1] == ("closed", 1)
    assert Open.depth == 0
