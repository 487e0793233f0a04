"""Golden files: the text that a command or a report wrote when it was last looked at."""

import os
from pathlib import Path


def assert_golden(path: Path, text: str) -> None:
    """Compare a text with a file; ``GOLDEN=write`` in the environment writes the file instead.

    Raises :class:`AssertionError` when they differ.
    """
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is missing: look at the text, then run with GOLDEN=write"
    assert text == path.read_text(encoding="utf-8"), "GOLDEN=write accepts what differs"
