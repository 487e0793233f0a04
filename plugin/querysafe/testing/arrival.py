"""Notices when the process first imports SQLAlchemy, without importing it.

A test may be the first to import the application: the queries of that very test count, too.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class Arrival(MetaPathFinder):
    """Finds nothing itself; calls ``then`` once, when the module has been executed."""

    def __init__(self, module: str, then: Callable[[], None]) -> None:
        self._module = module
        self._then = then

    def wait(self) -> None:
        """Begin to watch what is imported."""
        if self._module not in sys.modules:
            sys.meta_path.insert(0, self)

    def leave(self) -> None:
        """Watch no longer."""
        with suppress(ValueError):
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Let the other finders find the module, and add a call to its execution."""
        if fullname != self._module:
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(fullname, path, target) if find else None
            if spec is not None:
                self._extend(spec.loader)
                return spec
        return None

    def _extend(self, loader: object) -> None:
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return

        def exec_module(module: ModuleType) -> None:
            execute(module)
            self.leave()
            self._then()

        with suppress(AttributeError):
            loader.exec_module = exec_module  # type: ignore[attr-defined]
