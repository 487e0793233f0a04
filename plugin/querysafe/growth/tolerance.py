"""``one()`` where more rows than one are to be expected: it gives the first of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.engine.result import ResultInternal

_NAME = "_only_one_row"


@contextmanager
def first_of_many() -> Iterator[None]:
    """Let no result raise ``MultipleResultsFound`` within the block.

    ``one()``, ``one_or_none()``, ``scalar_one()`` and their kin go through one method, on
    SQLAlchemy 2.0 and 2.1, synchronous or not.
    """
    is_inherited = _NAME not in vars(ResultInternal)
    original: Any = getattr(ResultInternal, _NAME, None)
    if original is None:
        yield
        return

    def only_one_row(
        self: Any, raise_for_second_row: bool, raise_for_none: bool, scalar: bool
    ) -> Any:
        return original(self, False, raise_for_none, scalar)

    setattr(ResultInternal, _NAME, only_one_row)
    try:
        yield
    finally:
        if is_inherited:
            delattr(ResultInternal, _NAME)
        else:
            setattr(ResultInternal, _NAME, original)
