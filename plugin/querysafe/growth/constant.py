"""``assert_constant``: a block must send as many queries for more rows as for few."""

import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from querysafe.errors import GrowthError
from querysafe.growth.laws import fit


def assert_constant(
    populate: Callable[[int], Any],
    run: Callable[[], Any],
    *,
    scales: Sequence[int] = (2, 3),
    warm_up: Callable[[], Any] | None = None,
    capture: Callable[[], Any],
) -> Any:
    """Compare what ``run`` sends at each scale.

    Raises :class:`AssertionError` that names what grew and its law, and
    :class:`GrowthError` for scales that do not rise. Awaitable when any of them is.
    """
    rising = all(one < other for one, other in pairwise(scales))
    if len(scales) < 2 or scales[0] < 1 or not rising:
        raise GrowthError(
            f"assert_constant() got scales={tuple(scales)!r}",
            hint="write two or more rising numbers: scales=(2, 3)",
        )
    steps = _steps(populate, run, scales, warm_up, capture)
    return _drive(steps)


def _steps(
    populate: Callable[[int], Any],
    run: Callable[[], Any],
    scales: Sequence[int],
    warm_up: Callable[[], Any] | None,
    capture: Callable[[], Any],
) -> Any:
    """Do the work, yielding whatever might have to be awaited."""
    captured: list[Any] = []
    for position, scale in enumerate(scales):
        yield populate(scale)
        if position == 0 and warm_up is not None:
            yield warm_up()
        with capture() as queries:
            yield run()
        captured.append(queries)
    counts = [len(queries) for queries in captured]
    if max(counts[1:]) > counts[0]:
        raise AssertionError(_told(scales, counts, captured))


def _drive(steps: Any) -> Any:
    """Run the steps to the next awaitable; go on as a coroutine from there."""
    try:
        while True:
            given = next(steps)
            if inspect.isawaitable(given):
                return _awaited(steps, given)
    except StopIteration:
        return None


async def _awaited(steps: Any, given: Any) -> None:
    while True:
        try:
            if inspect.isawaitable(given):
                await given
            given = next(steps)
        except StopIteration:
            return


def _told(scales: Sequence[int], counts: Sequence[int], captured: Sequence[Any]) -> str:
    """Diagnosis first: the law, then each statement that grew, then its cure."""
    law = fit(list(zip(scales, counts, strict=True)))
    measured = ", ".join(
        f"{count} {'query' if count == 1 else 'queries'} at {scale}"
        for scale, count in zip(scales, counts, strict=True)
    )
    lines = [f"the queries follow the rows ({law}): {measured}"]
    first, last = captured[0], captured[-1]
    before: Counter[Any] = Counter((query.fingerprint, query.call_site) for query in first)
    after: Counter[Any] = Counter((query.fingerprint, query.call_site) for query in last)
    texts = {(query.fingerprint, query.call_site): query.statement for query in last}
    for key, count in after.most_common():
        if count > before[key]:
            site = key[1] or "no line of yours"
            lines.append(f"  {site}: {before[key]} → {count}: {' '.join(texts[key].split())}")
    for finding in last.findings:
        if finding.cure and finding.count > 1:
            lines.append(f"  {finding.rule.id} {finding.message}")
            lines += [f"    {line}" for line in finding.cure.splitlines()]
    return "\n".join(lines)
