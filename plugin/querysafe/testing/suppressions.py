"""Suppressions that suppress nothing any more, and those that nobody gave a reason for."""

from collections.abc import Collection, Iterable

from querysafe.testing.marks import Allowance, Marks


class Suppressions:
    """What the tests of a run say of the patterns that they were allowed."""

    def __init__(self) -> None:
        self._used: set[Allowance] = set()
        self._known: set[Allowance] = set()

    def note(self, marks: Marks, used: Iterable[Allowance]) -> None:
        """Take in one test."""
        self._known.update(marks.allow)
        self._used.update(used)

    def lines(
        self,
        *,
        passed: Collection[str],
        collected: Iterable[str],
        settings: Iterable[Allowance] = (),
    ) -> tuple[str, ...]:
        """What to tell a person: ``settings`` are patterns that the whole suite should use.

        A pattern is stale only when every test that it could serve has run and passed.
        """
        tests = sorted(collected)
        stale = [
            f"{each.scope}: allow {each.pattern!r} matches nothing any more; remove it"
            for each in sorted(self._known - self._used, key=_place)
            if all(test in passed for test in tests if _is_within(test, each.scope))
        ]
        stale += [
            f"the setting allow: {each.pattern!r} matches nothing any more; remove it"
            for each in settings
            if each not in self._used and all(test in passed for test in tests)
        ]
        unreasoned = [
            f'{scope}: the marker allows without a reason; write querysafe(allow=…, reason="…")'
            for scope in sorted({each.scope for each in self._known if not each.reason})
        ]
        return (*unreasoned, *stale)


def _is_within(test: str, scope: str) -> bool:
    rest = test.removeprefix(scope)
    return rest == "" or (rest != test and rest.startswith(("::", "[", "/")))


def _place(allowance: Allowance) -> tuple[str, str]:
    return allowance.scope, allowance.pattern
