"""Query safety for teams on SQLAlchemy and PostgreSQL.

Importing this package loads neither SQLAlchemy nor pytest; the names below are
found when they are first used (:pep:`562`).
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from querysafe.testing.api import (
        assert_constant as assert_constant,
    )
    from querysafe.testing.api import (
        assert_max_queries as assert_max_queries,
    )
    from querysafe.testing.api import (
        assert_num_queries as assert_num_queries,
    )
    from querysafe.testing.api import (
        capture as capture,
    )
    from querysafe.testing.api import (
        ignore as ignore,
    )

__version__ = "0.1.0"

_HOMES = dict.fromkeys(
    ("assert_constant", "assert_max_queries", "assert_num_queries", "ignore"),
    "querysafe.testing.api",
)


class _Package(ModuleType):
    """This package. Its function ``capture`` and its room ``capture/`` share a name.

    The import system stores a room in its package when it is first imported; the function
    is what users mean, so it stays. ``from querysafe.capture import …`` does not look here.
    """

    @property
    def capture(self) -> Any:
        return import_module("querysafe.testing.api").capture

    @capture.setter
    def capture(self, room: ModuleType) -> None:
        pass


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'querysafe' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, "capture"])
