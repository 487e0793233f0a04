"""Stacks and lines are known by code objects, and no other code is ever taken for them."""

import gc
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from querysafe.capture import call_site
from querysafe.capture.call_site import CallSites


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[CallSites]:
    yield CallSites(tmp_path)


def compiled(file: Path, name: str, lines: int) -> Callable[[Any], Any]:
    """A function of that name, below so many empty lines of a file that need not exist."""
    text = "\n" * lines + f"def {name}(walk):\n    return walk()\n"
    space: dict[str, Any] = {}
    exec(compile(text, str(file), "exec"), space)
    return space[name]


def walked(sites: CallSites, ask: Callable[[Any], Any]) -> call_site.Stack:
    return ask(lambda: sites.walk(sys._getframe(1), ask.__code__))


def test_one_stack_is_one_object_and_another_offset_is_another(sites: CallSites) -> None:
    def ask(again: bool) -> call_site.Stack:
        if again:
            return sites.walk(sys._getframe(0), ask.__code__)
        return sites.walk(sys._getframe(0), ask.__code__)

    first, second, other = (ask(again) for again in (True, True, False))
    assert first is second
    assert other is not first
    lines = [sites.frames(stack)[0].site.line for stack in (first, other)]
    assert lines[1] - lines[0] == 1


def test_code_that_was_freed_is_never_found_again_under_its_id(
    sites: CallSites, tmp_path: Path
) -> None:
    for lines in range(300):
        ask = compiled(tmp_path / "made.py", f"made_{lines}", lines)
        frame = sites.frames(walked(sites, ask))[0]
        assert (frame.site.line, frame.site.function) == (lines + 2, f"made_{lines}")
        del ask
        if lines % 50 == 0:
            gc.collect()


def test_code_that_was_freed_and_forgotten_is_not_found_either(
    sites: CallSites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_site, "REMEMBERED", 3)
    ids: set[int] = set()
    reused = 0
    for lines in range(300):
        ask = compiled(tmp_path / "made.py", f"made_{lines}", lines)
        reused += id(ask.__code__) in ids
        ids.add(id(ask.__code__))
        frame = sites.frames(walked(sites, ask))[0]
        assert (frame.site.line, frame.site.function) == (lines + 2, f"made_{lines}")
        del ask, frame
        sites.trim()
    assert reused, "no id() came again, so nothing was shown"


def test_a_reloaded_module_has_its_new_lines(sites: CallSites, tmp_path: Path) -> None:
    before = walked(sites, compiled(tmp_path / "module.py", "ask", 1))
    after = walked(sites, compiled(tmp_path / "module.py", "ask", 7))
    assert sites.frames(before)[0].site.line == 3
    assert sites.frames(after)[0].site.line == 9


def test_forgetting_keeps_few_stacks_and_stacks_that_are_held_keep_their_lines(
    sites: CallSites, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_site, "REMEMBERED", 3)
    held = walked(sites, compiled(tmp_path / "held.py", "ask", 4))
    for lines in range(10):
        walked(sites, compiled(tmp_path / "made.py", "ask", lines))
    assert len(sites._stacks) == 11
    sites.trim()
    assert not sites._stacks
    gc.collect()
    assert sites.frames(held)[0].site.line == 6


def test_below_the_limit_nothing_is_forgotten(sites: CallSites, tmp_path: Path) -> None:
    stack = walked(sites, ask := compiled(tmp_path / "kept.py", "ask", 0))
    sites.trim()
    assert walked(sites, ask) is stack


def test_another_root_names_the_lines_anew(sites: CallSites, tmp_path: Path) -> None:
    ask = compiled(tmp_path / "below" / "made.py", "ask", 0)
    assert sites.frames(walked(sites, ask))[0].site.path == "below/made.py"
    sites.configure(tmp_path / "below")
    assert sites.frames(walked(sites, ask))[0].site.path == "made.py"


def test_frames_of_libraries_are_skipped_and_the_function_called_is_named(
    sites: CallSites, tmp_path: Path
) -> None:
    library = compiled(tmp_path / "site-packages" / "framework.py", "serve", 0)

    def ask() -> call_site.Stack:
        return library(lambda: sites.walk(sys._getframe(1), ask.__code__))

    frames = sites.frames(ask())
    assert [frame.name for frame in frames] == ["ask"]
    assert frames[0].library == "framework:serve"


def test_the_offset_of_the_last_instruction_has_a_line(sites: CallSites) -> None:
    def last() -> None:
        pass

    code: types.CodeType = last.__code__
    line, _ = call_site._position(code, len(code.co_code) - 2)
    assert line == code.co_firstlineno + 1
