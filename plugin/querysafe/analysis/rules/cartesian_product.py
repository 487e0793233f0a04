"""QS203: two collections are joined side by side, and their rows multiply."""

from collections.abc import Iterator

from querysafe.analysis.cures import pruning
from querysafe.analysis.subject import Subject, is_of_catalog
from querysafe.finding import Finding, Rule, Severity

RULE = Rule(
    id="QS203",
    name="cartesian-product",
    severity=Severity.WARNING,
    summary="two joined collections multiply each other's rows",
    condition="One statement joins two collections of the same object, by `joinedload` or by "
    "the mapping. A collection below another, and single objects, are no finding.",
    effect="An order of 100 lines and 100 payments comes as 10,000 rows.",
    cure="Load all but one of the collections with `selectinload`; tables joined by hand are "
    "read by a query each, or aggregated in a subquery before they are joined.",
)


def find(subject: Subject) -> Iterator[Finding]:
    """Report statements that join collections side by side."""
    for joined in subject.recording.joined_collections:
        query = subject.by_index.get(joined.query_index)
        if query is None or query.context.phase not in ("call", "") or is_of_catalog(query):
            continue
        label = " \N{MULTIPLICATION SIGN} ".join(joined.names)
        yield Finding(
            nodeid=subject.nodeid,
            rule=RULE,
            label=label,
            count=1,
            message=f"{label}: collections joined side by side multiply each other's rows",
            call_sites=(joined.call_site,) if joined.call_site else (),
            parent=joined.call_site,
            cure=pruning.multiplied(query, joined.names),
            advice="load the collections with selectinload, one query each"
            if "." in joined.names[0]
            else "read each of them by a query of its own, or aggregate it before the join",
            statement=query.statement,
            fingerprint=query.fingerprint,
            request=query.context.request_name,
            seconds=query.duration_seconds,
            queries=(query.index,),
        )
