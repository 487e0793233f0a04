"""Which frames arrange what a test needs, rather than act: fixtures, factories, seeds."""

import ast
import re
from pathlib import PurePath

from querysafe.analysis.sources import source
from querysafe.query import Frame

_SETUP_FILES = ("/conftest.py", "/tests/factories.py", "/test/factories.py")
_FACTORIES = ("factory.", "polyfactory.", "model_bakery.", "mixer.")
_ARRANGING = re.compile(
    r"_*(given|seed|arrange|set_?up)(_|\d|$)|"
    r"_*(setUp|setup_method|setup_class)"
)
_MAKING = re.compile(r"_*(make|build|prepare|populate|prefill|fill)(_|\d|$)")
"""Such a function arranges when it inserts rows: ``build_report`` only reads them."""
REMEMBERED = 5000
Place = tuple[str, int]
"""A function: its file and first line."""
_setups: dict[tuple[int, str], tuple[tuple[Frame, ...], bool, frozenset[Place]]] = {}
"""Answers by stack, which is held so that no other gets its ``id()``."""
_known: dict[tuple[str, int, str], bool] = {}
_named: dict[tuple[str, int, str, re.Pattern[str]], bool] = {}


def is_setup(stack: tuple[Frame, ...], test_file: str) -> bool:
    """Whether a statement was sent to arrange: from a fixture, a factory, a seeding function."""
    return _of(stack, test_file)[1]


def makers(stack: tuple[Frame, ...], test_file: str) -> frozenset[Place]:
    """The functions of the tests on a stack that arrange if any of them inserts rows.

    ``make_order(session)`` is one that does, ``build_report(session)`` one that does not.
    """
    return _of(stack, test_file)[2]


def _of(
    stack: tuple[Frame, ...], test_file: str
) -> tuple[tuple[Frame, ...], bool, frozenset[Place]]:
    key = (id(stack), test_file)
    known = _setups.get(key)
    if known is None:
        if len(_setups) >= REMEMBERED:
            _setups.clear()
        arranged = any(_arranges(frame, test_file) for frame in stack[:1]) or any(
            _is_named_so(frame, test_file, _ARRANGING) for frame in stack
        )
        making = frozenset(
            (frame.file, frame.first_line)
            for frame in stack
            if _is_named_so(frame, test_file, _MAKING)
        )
        known = _setups[key] = (stack, arranged, making)
    return known


def _arranges(frame: Frame, test_file: str) -> bool:
    """Whether a frame is a fixture's or a factory's code, or that of what either returns."""
    if frame.file.endswith(_SETUP_FILES) or frame.library.startswith(_FACTORIES):
        return True
    place = (frame.file, frame.first_line, test_file)
    if place not in _known:
        of_tests = _is_test_code(frame.file, test_file)
        _known[place] = any(
            (
                isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                and any("fixture" in ast.unparse(each) for each in node.decorator_list)
            )
            or (of_tests and isinstance(node, ast.ClassDef) and node.name.endswith("Factory"))
            for node in source(frame.file).chain(frame)
        )
    return _known[place]


def _is_named_so(frame: Frame, test_file: str, names: re.Pattern[str]) -> bool:
    """Whether a function of the tests says by its name that it arranges: ``seed(session)``."""
    place = (frame.file, frame.first_line, test_file, names)
    if place not in _named:
        _named[place] = _is_test_code(frame.file, test_file) and any(
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and names.match(node.name) is not None
            for node in source(frame.file).chain(frame)
        )
    return _named[place]


def _is_test_code(file: str, test_file: str) -> bool:
    path = PurePath(file)
    return (
        file == test_file
        or path.name.startswith("test_")
        or path.name.endswith(("_test.py", "conftest.py"))
    )
