"""Where a stack goes on that ends early: in the greenlet or the task that waits for it."""

import asyncio
import sys
from types import FrameType
from typing import Any


def greenlet_parent(current: Any) -> Any:
    """The greenlet that switched to this one, or ``None`` at the outermost."""
    greenlet = sys.modules.get("greenlet")
    if greenlet is None:
        return None
    return (current or greenlet.getcurrent()).parent


def waiter(task: Any) -> Any:
    """The task that awaits another one, directly or through ``shield`` or ``gather``."""
    pending = [task]
    while pending:
        for callback, _ in pending.pop()._callbacks or ():
            owner = getattr(callback, "__self__", None)
            if isinstance(owner, asyncio.Task):
                return owner
            for cell in getattr(callback, "__closure__", None) or ():
                if (
                    isinstance(cell.cell_contents, asyncio.Future)
                    and cell.cell_contents is not task
                ):
                    pending.append(cell.cell_contents)
    return None


def suspended(coroutine: Any) -> list[FrameType]:
    """The frames of a suspended coroutine, innermost first."""
    frames: list[FrameType] = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "ag_frame", None)
        if frame is not None:
            frames.insert(0, frame)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "ag_await", None)
    return frames
