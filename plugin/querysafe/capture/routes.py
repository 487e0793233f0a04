"""What a request is called in a report: the pattern of its route, or its path without secrets.

A path may be a secret: ``/invitation/<token>``, a link that resets a password. So it is told as
the framework's routes write it; where no framework says how, what does not read as words or as
a number is left out.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

HIDDEN = "…"
_WORD = re.compile(
    r"(?:[A-Z]?[a-z]+|[A-Z]{2,})(?:[A-Z][a-z]+|[A-Z]{2,4}(?![a-z]))*\d{0,3}|\d{1,10}"
)
_UNSPEAKABLE = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{8,}", re.IGNORECASE)
LONGEST_WORD = 24


def called(details: Mapping[str, Any], rule: Any = None) -> str:
    """``GET /orders/{id}`` of an ASGI scope or a WSGI environment, and of Flask's rule."""
    method = details.get("method") or details.get("REQUEST_METHOD") or ""
    path = pattern_of(details, rule)
    if path is None:
        path = readable(_path(details), dict(_parameters(details)))
    return f"{method} {path}".strip()


def pattern_of(details: Mapping[str, Any], rule: Any = None) -> str | None:
    """The pattern of the route that matched, as its framework noted it; ``None`` for none."""
    for found in (
        getattr(details.get("route"), "path", None),  # FastAPI
        getattr(rule, "rule", None),  # Flask
        details.get("path_template"),  # Litestar
        getattr(details.get("bfg.routes.route"), "pattern", None),  # Pyramid
        getattr(details.get("bottle.route"), "rule", None),
    ):
        if isinstance(found, str):
            return found
    return None


def readable(path: str, parameters: Mapping[str, Any] | None = None) -> str:
    """A path with the names of its route's parameters, and without what may be a secret.

    Words and numbers stay: ``/orders/17/open-lines``. A token, a key in hexadecimal, a UUID,
    an address of mail and a query become ``…``.
    """
    path, _, query = path.partition("?")
    for name, value in (parameters or {}).items():
        text = str(value)
        if "/" in text and text in path:
            path = path.replace(text, f"{{{name}}}")
    names = {str(value): f"{{{name}}}" for name, value in (parameters or {}).items()}
    kept = (
        names[each]
        if each in names
        else each
        if each[:1] + each[-1:] == "{}" or _is_plain(each)
        else HIDDEN
        for each in path.split("/")
    )
    return "/".join(kept) + (f"?{HIDDEN}" if query else "")


def _is_plain(segment: str) -> bool:
    """Whether a segment reads as words or numbers: a slug, a version, a file's name."""
    if _HEX.fullmatch(segment.replace("-", "")) and not segment.isdecimal():
        return False
    parts = re.split(r"[-_.~]", segment)
    return all(
        not part
        or (
            len(part) <= LONGEST_WORD
            and _WORD.fullmatch(part) is not None
            and _UNSPEAKABLE.search(part) is None
        )
        for part in parts
    )


def _path(details: Mapping[str, Any]) -> str:
    return str(details.get("path") or details.get("PATH_INFO") or "")


def _parameters(details: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a router took out of the path: Starlette's scope, the WSGI convention."""
    for found in (details.get("path_params"), details.get("wsgiorg.routing_args")):
        if isinstance(found, tuple) and len(found) == 2:
            found = found[1]
        if isinstance(found, Mapping):
            yield from found.items()
