"""Names of indexes: by the project's convention, of 63 bytes at most, unlike any other name."""

import hashlib
from collections.abc import Collection

from querysafe.advice.index import MAXIMUM, Index


def conventional(index: Index, template: str) -> str | None:
    """The name that a naming convention gives to an index over columns; None for expressions.

    ``template`` is ``metadata.naming_convention["ix"]``:
    https://docs.sqlalchemy.org/en/20/core/constraints.html#configuring-constraint-naming-conventions.
    A template with a token of the project's own gives None, too.
    """
    columns = [key.column for key in index.keys]
    if not all(columns):
        return None
    table, label = index.table.name, index.table.name + "_" + columns[0]
    words: dict[str, str] = {"table_name": table, "column_0_label": label}
    for place, column in enumerate(columns):
        words[f"column_{place}_name"] = words[f"column_{place}_key"] = column
        words[f"column_{place}_label"] = f"{table}_{column}"
    for sort in ("name", "key"):
        words[f"column_0N_{sort}"] = "".join(columns)
        words[f"column_0_N_{sort}"] = "_".join(columns)
    words["column_0N_label"] = "".join(f"{table}_{column}" for column in columns)
    words["column_0_N_label"] = "_".join(f"{table}_{column}" for column in columns)
    try:
        return template % words
    except (KeyError, ValueError, TypeError):
        return None


def shortened(name: str) -> str:
    """The name cut to what PostgreSQL keeps, told apart by a digest of the whole."""
    if len(name.encode()) <= MAXIMUM:
        return name
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[-4:]
    return f"{_cut(name, MAXIMUM - 5)}_{digest}"


def unlike(name: str, taken: Collection[str]) -> str:
    """The name, or the name with the first number that makes it another than all of ``taken``."""
    name = shortened(name)
    number, found = 2, name
    while found in taken:
        suffix = f"_{number}"
        found = _cut(name, MAXIMUM - len(suffix)) + suffix
        number += 1
    return found


def _cut(name: str, size: int) -> str:
    """The first bytes of a name, without half a character."""
    return name.encode()[:size].decode(errors="ignore")
