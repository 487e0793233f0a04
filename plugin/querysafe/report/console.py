"""A terminal that writes into a text: what the reports for people are made with."""

import io

from rich.console import Console


def terminal(width: int, *, color: bool, wraps: bool = False) -> tuple[Console, io.StringIO]:
    """A console of at least 60 columns, and the text that it fills.

    It takes no markup from what it prints. Lines that are longer than it is wide are broken
    only where it ``wraps``.
    """
    out = io.StringIO()
    made = Console(
        file=out,
        width=max(60, width),
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not wraps,
        legacy_windows=False,
    )
    return made, out
