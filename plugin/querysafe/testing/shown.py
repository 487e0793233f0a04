"""A plugin that ends a run before it begins and prints its settings as one line of JSON.

``python -m pytest -p querysafe.testing.shown`` is how ``querysafe config show`` learns what
pytest is told in a directory: only pytest knows its ini file, ``addopts`` and plugins.
"""

import json
from pathlib import PurePath
from typing import Any

import pytest

from querysafe.options import OPTIONS
from querysafe.testing.settings import from_pytest


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int:
    """Print instead of collecting. Raises :class:`pytest.UsageError` for a wrong setting."""
    if not config.pluginmanager.has_plugin("querysafe"):
        raise pytest.UsageError("the plugin querysafe is switched off here")
    settings = from_pytest(config)
    shown = {
        "ini": config.inipath.name if config.inipath is not None else None,
        "values": {option.name: plain(getattr(settings, option.name)) for option in OPTIONS},
        "sources": dict(settings.sources),
    }
    print(f"\n{json.dumps(shown)}")  # noqa: T201 — this is its only output
    return 0


def plain(value: Any) -> Any:
    """An option's value as JSON has it: paths as text, several as a list."""
    if isinstance(value, PurePath):
        return value.as_posix()
    return list(value) if isinstance(value, tuple) else value
