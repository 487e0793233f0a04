"""A cure is a help: source of a shape that no cure has met yet costs the code, not the run."""

import ast
import textwrap
from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec

_Given = ParamSpec("_Given")


def attempt(write: Callable[_Given, str], *args: _Given.args, **kwargs: _Given.kwargs) -> str:
    """Write a cure; "" when it cannot be written, or would be no Python."""
    try:
        code = write(*args, **kwargs)
        _parse(code)
    except (SyntaxError, ValueError, TypeError, AttributeError, LookupError, AssertionError):
        return ""
    return code


@lru_cache(maxsize=1024)
def _parse(code: str) -> None:
    """Raise :class:`SyntaxError` for what is no Python within a function."""
    ast.parse(f"async def pasted():\n{textwrap.indent(code, '    ')}\n" if code else "")
