"""Writing a report: whole or not at all."""

import os
import tempfile
from pathlib import Path

from querysafe.errors import RecordingError


def write(path: Path, text: str) -> None:
    """Replace a file by a text; its folder is made when it is missing.

    Raises :class:`RecordingError` when it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RecordingError(
            f'"{path}" cannot be written: {error.strerror}', hint="name a folder that you may write"
        ) from None
