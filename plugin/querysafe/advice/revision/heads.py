"""Which revision a new one follows, and in which folder it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from querysafe.advice.revision.errors import RevisionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """Where a revision is put."""

    head: str
    """For ``ScriptDirectory.generate_revision``."""
    down: str | None
    """Id of the revision it follows; None when it is the first of its branch."""
    location: Path
    others: bool
    """Whether the project has heads beside this one."""


def choose(
    heads: Sequence[Mapping[str, Any]],
    resolved: Mapping[str, Any] | None,
    locations: Sequence[str],
    asked: str | None,
    version_path: Path | None,
) -> Base:
    """Choose the head, or say which there are.

    Raises :class:`RevisionError` for several heads without ``--head``, for a ``--head`` that is
    none, and for several folders of revisions when none follows from the head.
    """
    if asked is None:
        if len(heads) > 1:
            shown = ", ".join(map(_shown, heads))
            example = heads[0]["labels"][0] + "@head" if heads[0]["labels"] else heads[0]["id"]
            raise RevisionError(
                f"the project has {len(heads)} heads: {shown}",
                hint=f"name the one to follow: --head {example}, or merge them: alembic merge heads",
            )
        resolved = heads[0] if heads else None
    elif resolved is not None and not resolved.get("is_head", True):
        shown = ", ".join(map(_shown, heads))
        raise RevisionError(
            f'"{asked}" is revision {resolved["id"]}, which is no head',
            hint=f"the heads are {shown}",
        )
    others = [each for each in heads if resolved is None or each["id"] != resolved["id"]]
    down = resolved["id"] if resolved else None
    return Base(
        head=down or "base",
        down=down,
        location=_location(resolved, locations, version_path),
        others=bool(others),
    )


def _location(
    resolved: Mapping[str, Any] | None, locations: Sequence[str], version_path: Path | None
) -> Path:
    places = [Path(each).resolve() for each in locations]
    if version_path is not None:
        if version_path.resolve() not in places:
            raise RevisionError(
                f'"{version_path}" is none of the project\'s version locations',
                hint="they are " + ", ".join(map(str, places)),
            )
        return version_path.resolve()
    if len(places) == 1:
        return places[0]
    if resolved is not None:
        path = Path(resolved["path"]).resolve()
        around = [place for place in places if path.is_relative_to(place)]
        if around:
            return max(around, key=lambda place: len(place.parts))
    raise RevisionError(
        "the project has several version locations",
        hint="name one with --version-path: " + ", ".join(map(str, places)),
    )


def _shown(head: Mapping[str, Any]) -> str:
    labels = f" [{', '.join(head['labels'])}]" if head["labels"] else ""
    message = head["message"].splitlines()[0] if head["message"] else ""
    return f"{head['id']}{labels} ({message})" if message else f"{head['id']}{labels}"
