"""Values for unique columns of a clone: like the original's, but other ones."""

import re
import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Enum

_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def another(value: Any, serial: int, type_: Any, highest: Any, gap: int = 0) -> Any:
    """A value that no row has yet, or ``None`` when the type has no room for one.

    ``serial`` is another number at each call, ``highest`` the greatest value of a number,
    above which ``gap`` numbers are left free.
    """
    if isinstance(value, bool) or isinstance(type_, Enum):
        return None
    if isinstance(value, int | float | Decimal):
        top = value if highest is None else highest
        return top + serial + (gap if top < gap else 0)
    if isinstance(value, uuid.UUID):
        return uuid.uuid4()
    if isinstance(value, str):
        return _text(value, serial, getattr(type_, "length", None))
    if isinstance(value, datetime):
        return value + timedelta(seconds=serial)
    if isinstance(value, date):
        return value + timedelta(days=serial)
    if isinstance(value, time):
        moved = datetime.combine(date.min, value) + timedelta(seconds=serial)
        return moved.timetz() if moved.date() == date.min else None
    if isinstance(value, bytes):
        return value + serial.to_bytes(4, "big")
    return None


def _text(value: str, serial: int, length: int | None) -> str | None:
    if _UUID.fullmatch(value):
        fresh = str(uuid.uuid4())
        return fresh if "-" in value else fresh.replace("-", "")
    if value.isdigit():
        digits = str(int(value) + 10 ** max(len(value) - 1, 0) + serial)
        return digits if length is None or len(digits) <= length else None
    mark = f"q{serial}"
    if length is not None and len(mark) >= length:
        return None
    has_room = length is None or len(value) + len(mark) <= length
    # What begins alike is found alike (``startswith``, "https://…"); an address keeps its host.
    return f"{value}{mark}" if has_room and "@" not in value else f"{mark}{value}"[:length]
