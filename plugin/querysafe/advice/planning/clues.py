"""What names, columns and seen keys tell of how many rows a table has."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from querysafe.advice.index import Table
from querysafe.advice.planning.catalog import TableEntry
from querysafe.advice.planning.references import Reference, key_of
from querysafe.advice.planning.statistics import Statistics

_WHOLE = ("smallint", "integer", "bigint")
_SEEN = 8
"""Different keys from which their distances say anything."""
_SPARSE = 4.0
"""So many times more rows than are there must keys tell of, to be taken from somewhere else."""
_ORDERED = 0.8
"""Correlation with the order of the rows from which a column grows with them."""
_MOST = 1e9
"""Keys that tell of more rows are made from the time or by chance."""

_NAMING = re.compile(
    r"^(id|pk|uuid|key|code|slug|value|(\w+_)?(name|title|label|description|order|code)|position"
    r"|ordinal|sort(_\w+)?|rank|weight|level|colou?r|icon|symbol|abbreviation|(is_)?(active|enabled"
    r"|default|public|visible)|(created|updated|modified)(_at|_on)?|parent_id|parent)$"
)
_THING = re.compile(
    r"(^|_)(users?|accounts?|customers?|persons?|people|authors?|artists?|clients?|members?|contacts?"
    r"|employees?|organi[sz]ations?|compan(y|ies)|tenants?|projects?|documents?|files?|pages?|posts?"
    r"|articles?|products?|items?|books?|songs?|tracks?|albums?|films?|movies?|photos?|images?"
    r"|messages?|comments?|notes?|tasks?|todos?)$"
)
_LISTED = re.compile(
    r"(^|_)(categor(y|ies)|countr(y|ies)|currenc(y|ies)|languages?|locales?|time_?zones?|roles?"
    r"|permissions?|regions?|units?|genres?|status(es)?|types?|kinds?|tiers?|levels?)$"
)
_SETTING = re.compile(r"(^|_)(settings?|config(uration)?s?|preferences?|features?|flags?|version)$")
_LOG = re.compile(
    r"(^|_)(events?|logs?|audits?|histor(y|ies)|activit(y|ies)|changes?|visits?|views?|clicks?"
    r"|requests?|metrics?|readings?|measurements?|samples?|notifications?|deliver(y|ies)|jobs?)($|_)"
)


def is_list(entry: TableEntry, every: Sequence[Reference]) -> bool:
    """Whether a table only gives names to what others refer to."""
    name = entry.table.name.lower()
    key = key_of(entry)
    referred = any(each.parent == entry.table for each in every)
    if key is not None and referred:
        short = re.search(r"\(([1-3])\)$", key.type)
        if key.base_type in ("smallint", "boolean", '"char"') or key.labels or short:
            return True
    if _THING.search(name):
        return False
    outward = {each.column for each in every if each.child == entry.table}
    if referred and not outward and _LISTED.search(name):
        return True
    own = [each.name.lower() for each in entry.columns if each.name not in outward]
    return (referred or bool(_SETTING.search(name))) and all(_NAMING.match(each) for each in own)


def joins_lists(entry: TableEntry, every: Sequence[Reference], lists: Collection[Table]) -> bool:
    """Whether a table holds nothing but which entries of lists belong together."""
    outward = {each.column: each.parent for each in every if each.child == entry.table}
    own = [each.name.lower() for each in entry.columns if each.name not in outward]
    parents = set(outward.values())
    return len(parents) > 1 and parents <= set(lists) and all(_NAMING.match(each) for each in own)


def rows_by_keys(
    entries: Mapping[Table, TableEntry], every: Sequence[Reference], own: Statistics | None
) -> dict[Table, float]:
    """Rows by whole-number keys that were seen: a few of many lie far apart."""
    if own is None:
        return {}
    keys = {
        table: key.name
        for table, entry in entries.items()
        if (key := key_of(entry)) is not None and key.base_type in _WHOLE
    }
    told = {table: _told(own, table, name) for table, name in keys.items()}
    drawn = {table for table, rows in told.items() if rows >= _SPARSE * present(table, own)}
    for each in every:
        if each.parent in keys and (each.child in drawn or not _grows(own, each)):
            told[each.parent] = max(told[each.parent], _told(own, each.child, each.column))
    return {
        table: rows
        for table, rows in told.items()
        if rows >= _SPARSE * max(1.0, present(table, own))
    }


def _grows(own: Statistics, reference: Reference) -> bool:
    """Whether a column's values come in the order of the rows: the first ones of a table then
    refer to the first ones of another, and tell nothing of how many there are.
    """
    statistics = own.tables[reference.child].columns.get(reference.column)
    return statistics is None or abs(statistics.correlation or 0.0) > _ORDERED


def _told(own: Statistics, table: Table, column: str) -> float:
    """Of how many rows keys are a sample; 0.0 where they lie as close as where they were made.

    The largest of n numbers drawn from 1 to N is N n / (n + 1) in the mean (the "German tank
    problem"); as a check the median of the gaps must tell the same, which a few high keys over
    a dense row of low ones does not.
    """
    known = own.tables.get(table)
    statistics = known.columns.get(column) if known is not None else None
    if statistics is None:
        return 0.0
    texts = {*statistics.common_values, *statistics.bounds}
    keys = sorted(int(each) for each in texts if re.fullmatch(r"\d{1,18}", each))
    if len(keys) < _SEEN:
        return 0.0
    gaps = sorted(right - left for left, right in pairwise(keys))
    whole = (keys[-1] - keys[0]) * (len(keys) + 1) / (len(keys) - 1)
    even = gaps[len(gaps) // 2] / math.log(2) * len(keys)
    return whole if whole <= min(_MOST, _SPARSE * even) else 0.0


def present(table: Table, own: Statistics | None) -> float:
    """Rows that are there."""
    known = own.tables.get(table) if own is not None else None
    return max(0.0, known.rows) if known is not None else 0.0


def is_log(table: Table) -> bool:
    """Whether a table is named as one that tells what happened: it has many rows."""
    return bool(_LOG.search(table.name.lower()))
