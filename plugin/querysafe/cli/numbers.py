"""Numbers that options take."""

import math
from typing import Any

import click


class Number(click.FloatRange):
    """A number within a range; ``nan`` and ``inf``, which Python reads as numbers, are refused."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number. Raises :class:`click.BadParameter`."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f'"{value}" is no number of a size', param, ctx)
        return number
