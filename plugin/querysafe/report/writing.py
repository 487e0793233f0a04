"""Writing a report: whole or not at all."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from querysafe.errors import RecordingError


def write(path: Path, text: str | Iterable[str]) -> None:
    """Replace a file by a text, or by the parts of one; its folder is made when it is missing.

    Raises :class:`RecordingError` when it cannot be written.
    """
    parts = (text,) if isinstance(text, str) else text
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".querysafe-")
        try:
            with os.fdopen(
                descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="\n"
            ) as file:
                file.writelines(parts)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RecordingError(
            f'"{path}" cannot be written: {error.strerror}', hint="name a folder that you may write"
        ) from None
