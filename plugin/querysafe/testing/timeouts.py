"""The clock of pytest-timeout, which is for the run of a test that decides its outcome."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


class Timeouts:
    """A plugin that takes pytest-timeout's clock out of a run that is nobody's outcome."""

    def __init__(self) -> None:
        self._settings: Any = None
        self._is_paused = False

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self, settings: Any) -> bool | None:
        """Note what clock runs; let none be set in a pause."""
        if self._is_paused:
            return True
        self._settings = settings
        return None

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_cancel_timer(self) -> bool | None:
        """Note that the clock has stopped; in a pause there is none."""
        if self._is_paused:
            return True
        self._settings = None
        return None

    @contextmanager
    def paused(self, item: pytest.Item) -> Iterator[None]:
        """Stop the clock for the length of the block; it begins anew for what comes after."""
        settings, hooks = self._settings, item.ihook
        if settings is not None:
            hooks.pytest_timeout_cancel_timer(item=item)
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False
            if settings is not None:
                hooks.pytest_timeout_set_timer(item=item, settings=settings)
