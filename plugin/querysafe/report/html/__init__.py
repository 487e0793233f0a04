"""One self-contained page: findings with their cures, tests with their timelines, statements.

It opens from ``file://``, asks the network for nothing, and holds no HTML made from data:
everything said of a run is JSON that the page's script turns into text nodes.
"""

from collections.abc import Iterator
from pathlib import Path

from querysafe.recording import RunResult
from querysafe.report.html.data import run_data
from querysafe.report.html.page import assemble
from querysafe.report.html.sources import Sources
from querysafe.report.recordings import Recordings


def parts(
    run: RunResult, recordings: Recordings, root: Path, *, outside: bool = True
) -> Iterator[str]:
    """Give the page piece by piece, one recording at a time.

    ``root`` is where the paths of call sites begin; with ``outside``, source files that
    are not below it are quoted too. Raises :class:`RecordingError` for a damaged recording.
    """
    return assemble(run_data(run, recordings, Sources(root, outside=outside)))


def render(run: RunResult, recordings: Recordings, root: Path) -> str:
    """Render the page as one string."""
    return "".join(parts(run, recordings, root))
