"""Methods of SQLAlchemy's that an application overrides: the line is where they are called.

A ``Session`` of one's own that routes, retries or counts has an ``execute`` through which every
statement goes, lazy loads too. Its line says nothing; the next one outwards does.
"""

import sys
from functools import lru_cache
from types import CodeType
from typing import Any


def is_override(code: CodeType) -> bool:
    """Whether code is of a method that a class takes over from SQLAlchemy under the same name."""
    names = code.co_qualname.split(".")
    if len(names) < 2 or "<locals>" in names[-2] or names[-1].startswith("__"):
        return False
    return _overrides(code.co_filename, tuple(names))


@lru_cache(maxsize=4096)
def _overrides(file: str, names: tuple[str, ...]) -> bool:
    for module in tuple(sys.modules.values()):
        if getattr(module, "__file__", None) != file:
            continue
        owner: Any = module
        for name in names[:-1]:
            owner = vars(owner).get(name) if hasattr(owner, "__dict__") else None
        if isinstance(owner, type):
            return any(
                names[-1] in vars(base)
                for base in owner.__mro__[1:]
                if base.__module__.startswith("sqlalchemy.")
            )
    return False
