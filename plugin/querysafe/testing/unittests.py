"""``unittest.TestCase``: pytest calls ``setUp``, the test and ``tearDown`` in one go."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any

import pytest


def is_case(item: pytest.Item) -> bool:
    """Whether a test is a method of a ``TestCase``."""
    unittest = sys.modules.get("unittest")
    instance = getattr(item, "instance", None)
    return instance is not None and unittest is not None and isinstance(instance, unittest.TestCase)


@contextmanager
def apart_from_set_up(item: pytest.Item, enter: Callable[[str], None]) -> Iterator[None]:
    """Let the phase of a ``TestCase`` be ``call`` within its test method only.

    Nothing happens for other tests.
    """
    if not is_case(item):
        yield
        return
    instance: Any = item.instance  # type: ignore[attr-defined]
    method: Any = item.obj  # type: ignore[attr-defined]
    phased = _phased(method, enter)
    is_set = iscoroutinefunction(method)
    item.obj = phased  # type: ignore[attr-defined]
    if is_set:
        # pytest leaves these to unittest, which looks at the instance.
        setattr(instance, method.__name__, phased)
    enter("setup")
    try:
        yield
    finally:
        item.obj = method  # type: ignore[attr-defined]
        if is_set:
            delattr(instance, method.__name__)


def _phased(method: Any, enter: Callable[[str], None]) -> Any:
    if iscoroutinefunction(method):

        @wraps(method)
        async def waited(*args: Any, **kwargs: Any) -> Any:
            enter("call")
            try:
                return await method(*args, **kwargs)
            finally:
                enter("teardown")

        return waited

    @wraps(method)
    def called(*args: Any, **kwargs: Any) -> Any:
        enter("call")
        try:
            return method(*args, **kwargs)
        finally:
            enter("teardown")

    return called
