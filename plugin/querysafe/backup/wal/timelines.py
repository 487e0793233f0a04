"""Timelines: which one followed which, and where (PostgreSQL manual, 26.3.6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from querysafe.backup.wal.names import parse_lsn


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the log's path: a timeline from where it began to where the next one did."""

    timeline: int
    begin: int
    end: int | None
    """``None`` on the last one."""


def read_history(text: str) -> tuple[tuple[int, int], ...]:
    """Read a ``.history`` file: each ancestor and the position at which it was left.

    Raises :class:`ValueError` for a line that is neither a comment nor of that form.
    """
    found: list[tuple[int, int]] = []
    for line in text.splitlines():
        fields = line.split("#")[0].split()
        if len(fields) == 1:
            raise ValueError(f'"{line}" names no position')
        if fields:
            found.append((int(fields[0]), parse_lsn(fields[1])))
    return tuple(found)


def path_to(timeline: int, histories: Mapping[int, Sequence[tuple[int, int]]]) -> list[Stretch]:
    """The way from the first timeline to the given one."""
    stretches: list[Stretch] = []
    begin = 0
    for ancestor, left_at in histories.get(timeline, ()):
        stretches.append(Stretch(ancestor, begin, left_at))
        begin = left_at
    return [*stretches, Stretch(timeline, begin, None)]


def descends(path: Iterable[Stretch], timeline: int, position: int) -> bool:
    """Whether a path goes through a position of a timeline."""
    return any(
        stretch.timeline == timeline and (stretch.end is None or position <= stretch.end)
        for stretch in path
    )


def latest(histories: Mapping[int, Sequence[tuple[int, int]]], timeline: int, position: int) -> int:
    """The newest timeline that goes through a position of a timeline."""
    for candidate in sorted(histories, reverse=True):
        if descends(path_to(candidate, histories), timeline, position):
            return candidate
    return timeline
