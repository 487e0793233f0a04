"""Names for advised indexes, as SQLAlchemy's default convention makes them: ``ix_table_columns``."""

import re
from collections.abc import Collection
from hashlib import blake2s

from querysafe.advice.index import MAXIMUM, Index

_METHODS = {"gin": "gin", "gist": "gist", "brin": "brin", "hash": "hash"}


def name(index: Index, taken: Collection[str]) -> str:
    """A name that no other index has, the same every time for the same index."""
    words = ["ix", index.table.name, *(_key(key.column or key.expression) for key in index.keys)]
    if index.method in _METHODS:
        words.append(_METHODS[index.method])
    if index.where:
        words.append("partial")
    if index.include:
        words.append("covering")
    plain = "_".join(filter(None, words))
    if len(plain.encode()) <= MAXIMUM and plain not in taken:
        return plain
    digest = blake2s(index.definition().encode(), digest_size=4).hexdigest()
    return f"{plain.encode()[: MAXIMUM - 9].decode(errors='ignore')}_{digest}"


def _key(text: str) -> str:
    words = re.sub(r"::[\w ]+", "", text)
    return re.sub(r"\W+", "_", words).strip("_")
