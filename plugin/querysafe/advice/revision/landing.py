"""Writes files so that all of them are there, or none."""

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from querysafe.advice.revision.errors import RevisionError


def assure(folder: Path) -> None:
    """Raise :class:`RevisionError` when no file can be made in a folder, before a long proof."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        raise RevisionError(
            f'"{there}" is not writable: the revision would have no place',
            hint="make it writable for this user, or look at the revision with --diff",
        )


def land(edits: Sequence[tuple[Path, str, str]], target: Path, source: str) -> None:
    """Replace edited files and write a new one.

    Each edit is ``(path, before, after)``. Raises :class:`RevisionError`, with every file as it
    was, when a file has changed meanwhile, when the new one exists, or when the disk refuses.
    """
    for path, before, _ in edits:
        if path.read_text(encoding="utf-8") != before:
            raise RevisionError(f'"{path}" was changed meanwhile', hint="run the command again")
    done: list[tuple[Path, str]] = []
    folders = [each for each in (target.parent, *target.parent.parents) if not each.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for path, before, after in edits:
            _replace(path, after)
            done.append((path, before))
        _create(target, source)
    except BaseException as error:
        for path, before in done:
            _replace(path, before)
        for folder in folders:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if isinstance(error, FileExistsError):
            raise RevisionError(
                f'"{target}" exists already', hint="give another --message"
            ) from None
        if isinstance(error, OSError):
            raise RevisionError(f'"{target}" cannot be written: {error.strerror}') from None
        raise


def _replace(path: Path, text: str) -> None:
    """Replace a file at once; it keeps its mode."""
    real = path.resolve()
    draft = _draft(real, text)
    try:
        draft.chmod(real.stat().st_mode & 0o7777)
        draft.replace(real)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _create(path: Path, text: str) -> None:
    """Make a file that is not there; its text is complete from the first moment."""
    draft = _draft(path, text)
    try:
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _draft(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft
