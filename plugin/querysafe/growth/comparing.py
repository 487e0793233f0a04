"""A test's own recording beside the grown one: what only more rows show."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from querysafe.analysis.labels import label_of
from querysafe.analysis.registry import findings
from querysafe.analysis.rules.history import GROWTH
from querysafe.analysis.subject import READS, Subject, calls_of, sites_of
from querysafe.analysis.values import is_limited, is_paging, listed
from querysafe.finding import Finding
from querysafe.growth.laws import fit
from querysafe.query import CallSite, CapturedQuery, Loading
from querysafe.recording import Recording

FOLLOWING = frozenset({"QS101", "QS102", "QS103", "QS104", "QS105", "QS106"})
"""Rules about what is done once for each row."""
_SEEN = {0: "not sent on the test's own rows", 1: "once on the test's own rows"}
Place = tuple[str, CallSite | None]


def grown_findings(
    own: Recording, grown: Subject, known: Iterable[Finding], rules: frozenset[str], factor: int
) -> Iterator[Finding]:
    """Report what the grown recording shows and the test's own does not.

    A rule that names it is preferred, with its cure; what no rule names is QS402 when its
    count follows the rows. ``factor`` is how many times as many rows the grown run saw, those
    included that not every table has: siblings of a row that must be the only one.
    """
    before = _counts(own.queries)
    told = {(finding.rule.id, site) for finding in known for site in finding.call_sites[:3]}
    places: set[CallSite | None] = {site for rule, site in told if rule in FOLLOWING}
    for finding in findings(grown, rules & FOLLOWING):
        site = finding.call_sites[0] if finding.call_sites else None
        was = before[finding.fingerprint, site]
        if site in places or finding.count <= was:
            continue
        places.add(site)
        law = fit([(1, was), (factor, finding.count)] if was else [(0, 0), (1, finding.count)])
        seen = _SEEN.get(was, f"{was} on the test's own rows")
        yield replace(
            finding,
            message=f"{finding.message} when every row is cloned, {seen} ({law})",
        )
    if GROWTH.id in rules:
        yield from _unnamed(grown, before, places, factor)


def _unnamed(
    grown: Subject, before: Counter[Place], places: set[CallSite | None], factor: int
) -> Iterator[Finding]:
    groups: dict[tuple[Place, int], list[CapturedQuery]] = defaultdict(list)
    for query in grown.queries:
        groups[(query.fingerprint, _site(query)), query.context.request].append(query)
    for ((fingerprint, site), _), queries in groups.items():
        was, now = before[fingerprint, site], calls_of(queries)
        follows = was >= 1 and now >= was * (factor - 1)
        if not follows or site in places or _is_explained(grown, queries):
            continue
        places.add(site)
        law = fit([(1, was), (factor, now)])
        label = label_of(queries[0])
        yield Finding(
            nodeid=grown.nodeid,
            rule=GROWTH,
            label=label,
            count=now,
            message=f"{label} follows the rows ({law}): {was} on the test's own, "
            f"{now} when every row is cloned",
            call_sites=sites_of(queries),
            parent=queries[0].parent,
            advice=GROWTH.cure,
            statement=queries[0].statement,
            fingerprint=fingerprint,
            graphql_path=queries[0].context.graphql_path,
            request=queries[0].context.request_name,
            seconds=sum(query.duration_seconds for query in queries),
        )


def _is_explained(grown: Subject, queries: list[CapturedQuery]) -> bool:
    """Pages, chunks, waiting, the test's own statements: more of them is as it should be.

    Writes that follow the rows are QS106's to name, or to excuse.
    """
    first = queries[0]
    loop = grown.loop_of(first)
    return (
        first.kind not in READS
        or first.orm_cause.loading in (Loading.EAGER, Loading.FLUSH)
        or (loop is not None and loop.is_while)
        or is_limited(first.statement)
        or is_paging(queries)
        or _are_chunks(queries)
        or all(map(grown.is_direct, queries))
    )


def _are_chunks(queries: list[CapturedQuery]) -> bool:
    """Lists of keys cut to one length, the rest in the last one."""
    *full, _ = sizes = [listed(query) for query in queries]
    return max(sizes) > 1 and len(set(full)) == 1 and sizes[-1] <= full[0]


def _counts(queries: Iterable[CapturedQuery]) -> Counter[Place]:
    """How often each statement was sent from each line; of several requests the most."""
    apart: Counter[tuple[Place, int]] = Counter()
    for query in queries:
        if query.context.phase in ("call", ""):
            place = (query.fingerprint, _site(query))
            apart[place, query.context.request] += query.calls
    counts: Counter[Place] = Counter()
    for (place, _), count in apart.items():
        counts[place] = max(counts[place], count)
    return counts


def _site(query: CapturedQuery) -> CallSite | None:
    return query.call_site or query.context.endpoint
