"""Blocks of code: a ``with`` statement, or the decorator of a function of whatever sort."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Generator
from functools import wraps
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from querysafe.errors import QuerysafeError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Block(ABC, Generic[T]):
    """A context manager that also decorates functions, coroutines and generators.

    Each call of a decorated function opens a block of its own. A generator, where the
    block ``follows_steps``, is within while its body runs, not while its consumer does.
    """

    follows_steps = False

    @abstractmethod
    def __enter__(self) -> T: ...

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    def _again(self) -> Self:
        """A new block that does the same."""

    def __call__(self, function: F) -> F:
        """Decorate a function.

        Raises :class:`QuerysafeError` for a generator when the block judges at its end.
        """
        generates = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
        if generates and not self.follows_steps:
            name = type(self).__name__
            raise QuerysafeError(
                f'{name} cannot decorate the generator "{function.__qualname__}"',
                hint=f"write `with {name}(…):` in it or around the loop that consumes it",
            )
        for is_sort, within in (
            (inspect.iscoroutinefunction, _coroutine),
            (inspect.isasyncgenfunction, _async_generator),
            (inspect.isgeneratorfunction, _generator),
        ):
            if is_sort(function):
                return cast("F", wraps(function)(within(function, self._again)))
        return cast("F", wraps(function)(_function(function, self._again)))


_Again = Callable[[], Block[Any]]
_Any = Callable[..., Any]


def _function(function: _Any, again: _Again) -> _Any:
    def called(*args: Any, **kwargs: Any) -> Any:
        with again():
            return function(*args, **kwargs)

    return called


def _coroutine(function: _Any, again: _Again) -> _Any:
    async def called(*args: Any, **kwargs: Any) -> Any:
        with again():
            return await function(*args, **kwargs)

    return called


def _generator(function: _Any, again: _Again) -> _Any:
    def called(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        step, given = generator.send, None
        while True:
            with again():
                try:
                    made = step(given)
                except StopIteration as end:
                    return end.value
            try:
                step, given = generator.send, (yield made)
            except GeneratorExit:
                with again():
                    generator.close()
                raise
            except BaseException as error:
                step, given = generator.throw, error

    return called


def _async_generator(function: _Any, again: _Again) -> _Any:
    async def called(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **kwargs)
        step, given = generator.asend, None
        while True:
            with again():
                try:
                    made = await step(given)
                except StopAsyncIteration:
                    return
            try:
                step, given = generator.asend, (yield made)
            except GeneratorExit:
                with again():
                    await generator.aclose()
                raise
            except BaseException as error:
                step, given = generator.athrow, error

    return called
