"""Which index makes which other one unnecessary."""

from querysafe.advice.index import Index


def covers(long: Index, short: Index) -> bool:
    """Whether a B-tree serves all that another one serves: it begins with its keys, holds its
    columns, and has the same rows.
    """
    return (
        long.table == short.table
        and long.method == short.method == "btree"
        and long.where == short.where
        and not short.unique
        and long.keys[: len(short.keys)] == short.keys
        and set(short.include) <= {*long.include, *(key.column for key in long.keys)}
    )
