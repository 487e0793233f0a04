"""Which tests a run knows of, and which modules it knows from their first test to their last."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from querysafe.baseline import Baseline, Seen


class Collection:
    """Fills while pytest collects; workers of pytest-xdist send theirs to the controller."""

    def __init__(self, config: pytest.Config) -> None:
        self.tests: set[str] = set()
        self._root = config.rootpath
        self._whole: set[str] = set()
        self._broken: set[str] = set()
        self._places = _places(config)
        self.is_everything = config.args_source is not pytest.Config.ArgsSource.ARGS
        """Whether pytest was given no place: what it collects then is the whole suite."""

    def add(self, items: Iterable[pytest.Item]) -> None:
        """Take in the tests collected, those that are deselected afterwards too."""
        self.tests |= {item.nodeid for item in items}

    def note(self, report: pytest.CollectReport) -> None:
        """Learn how the collection of a module, or of a class in it, went."""
        module, inner, _ = report.nodeid.partition("::")
        if not report.passed:
            self._broken.add(module)
        elif not inner and self._is_whole(module):
            self._whole.add(module)

    def sent(self) -> dict[str, list[str]]:
        """What a worker tells the controller."""
        return {
            "tests": sorted(self.tests),
            "whole": sorted(self._whole),
            "broken": sorted(self._broken),
        }

    def receive(self, sent: dict[str, list[str]]) -> None:
        """Take in what a worker saw."""
        self.tests |= set(sent.get("tests", ()))
        self._whole |= set(sent.get("whole", ()))
        self._broken |= set(sent.get("broken", ()))

    def seen(self, accepted: Baseline) -> Seen:
        """What can be said of the tests in a baseline; a module without a file is gone."""
        missing = {module for module in accepted.modules if not (self._root / module).exists()}
        return Seen(
            tests=frozenset(self.tests),
            modules=frozenset((self._whole - self._broken) | missing),
        )

    def _is_whole(self, module: str) -> bool:
        path = self._root / module
        return any(path.is_relative_to(place) for place in self._places)


def _places(config: pytest.Config) -> tuple[Path, ...]:
    """The files and folders that were named without a test within: what is there, is complete."""
    option: Any = config.getoption
    named = [argument.partition("::") for argument in map(str, config.args)]
    if option("lf", False) or option("collectonly", False):
        return ()
    if option("pyargs", False):
        return () if any(inner for _, inner, _ in named) else (Path(config.rootpath.anchor),)
    directory = config.invocation_params.dir
    return tuple((directory / path).absolute() for path, inner, _ in named if not inner)
