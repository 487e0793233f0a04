"""Text that nothing which shows it obeys."""

import unicodedata

_SPACES = {"\r": "", "\n": " ", "\t": "    "}
_BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that make a line read differently from what it says (CVE-2021-42574)."""


def printable(text: str) -> str:
    """Put a text on one line; control characters are shown as escapes, not sent."""
    return "".join(_SPACES.get(mark, mark) if _is_shown(mark) else _escape(mark) for mark in text)


def _is_shown(mark: str) -> bool:
    if mark in _SPACES or (mark.isascii() and mark.isprintable()):
        return True
    return mark not in _BIDI and unicodedata.category(mark) not in ("Cc", "Cs", "Zl", "Zp")


def _escape(mark: str) -> str:
    return mark.encode("unicode-escape").decode("ascii")
