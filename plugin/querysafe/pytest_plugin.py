"""The pytest plugin's hooks. Loading it imports neither SQLAlchemy nor any report."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from querysafe.testing import settings as options
from querysafe.testing.postgres import (
    querysafe_postgres,
    querysafe_postgres_prepare,
    querysafe_postgres_server,
    querysafe_postgres_template,
)

if TYPE_CHECKING:
    from querysafe.testing.api import QuerySafe


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    options.register(parser)


def pytest_load_initial_conftests(args: list[str]) -> None:
    """Say which flag was meant by a misspelt one, which argparse does not."""
    options.check_flags(args)


def pytest_configure(config: pytest.Config) -> None:
    """Post the guard, unless it is told to stay away.

    Raises :class:`pytest.UsageError` for a setting or a baseline that cannot be understood.
    """
    from querysafe.testing.marks import MARKER

    config.addinivalue_line("markers", MARKER)
    settings = options.from_pytest(config)
    if settings.mode != "off":
        from querysafe.errors import QuerysafeError
        from querysafe.testing.guard import Guard

        try:
            guard = Guard(config, settings)
        except QuerysafeError as error:
            raise pytest.UsageError(str(error)) from None
        config.pluginmanager.register(guard, "querysafe-guard")
    elif settings.update:
        raise pytest.UsageError(
            "--querysafe-update needs the tests to be recorded, and the mode is off\n"
            "  hint: add --querysafe=report"
        )


@pytest.fixture
def querysafe() -> "Iterator[QuerySafe]":
    """Capture and assert queries: ``capture()``, ``assert_max_queries(3)`` and their kin."""
    from querysafe.testing.api import QuerySafe

    yield QuerySafe()


__all__ = [
    "pytest_addoption",
    "pytest_configure",
    "pytest_load_initial_conftests",
    "querysafe",
    "querysafe_postgres",
    "querysafe_postgres_prepare",
    "querysafe_postgres_server",
    "querysafe_postgres_template",
]
