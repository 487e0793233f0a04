"""Which values are part of a statement and which change from call to call."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from querysafe.advice.candidates.predicates import Predicate, Sort
from querysafe.advice.workload import Sample

FEW = 64
"""A column with more distinct values has no value that deserves an index of its own, but for
those that programs write themselves: zero and the empty text."""
_WRITTEN = re.compile(r"(?:0|'0?')(?:::[\w ]+)?")
_AGREEING = 3
"""So many samples with one value make a bound value a constant."""


class Constants:
    """What several samples of one statement say about its values."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples
        self._seen: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def note(self, predicates: Iterable[Predicate]) -> None:
        """Take the predicates of one sample's plan."""
        for each in predicates:
            if each.value:
                self._seen[str(each.key), each.operator].append(each.value)

    def is_constant(self, predicate: Predicate, distinct: float | None) -> bool:
        """Whether a value may become the predicate of a partial index.

        Always so for ``IS NULL``, booleans that stand in the statement and columns compared
        with each other; otherwise only for columns of few values, where all samples agree. The
        end of a range must stand in the statement.
        """
        if predicate.always:
            return predicate.operator != "bool" or not self._bound(predicate.value)
        if predicate.sort is Sort.FIXED:
            return self._agreed(predicate, distinct)
        if predicate.sort not in (Sort.EQUAL, Sort.RANGE) or not predicate.value:
            return False
        if predicate.sort is Sort.RANGE and self._bound(predicate.value):
            return False
        return self._agreed(predicate, distinct)

    def _agreed(self, predicate: Predicate, distinct: float | None) -> bool:
        if distinct is None or distinct <= 0 or predicate.value.startswith("NULL"):
            return False
        if distinct > FEW and (
            self._bound(predicate.value) or not _WRITTEN.fullmatch(predicate.value)
        ):
            return False
        seen = self._seen[str(predicate.key), predicate.operator]
        if len(set(seen)) != 1:
            return False
        return not self._bound(predicate.value) or len(seen) >= _AGREEING

    def _bound(self, value: str) -> bool:
        """Whether a value came as a parameter of some sample."""
        text = value.split("'::")[0].strip("'").replace("''", "'").casefold()
        return any(
            str(each).casefold() == text for sample in self._samples for each in sample.values or ()
        )
