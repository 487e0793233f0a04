"""Numbers of an advice in words, the same in every report."""

import math
from collections.abc import Sequence

from querysafe.advice.advice import Advice, Effect, Remark
from querysafe.advice.index import Index
from querysafe.advice.planner import Refused
from querysafe.advice.workload import Statement
from querysafe.fingerprint import shape

_REASONS = 8
_GROUPS, _TABLES = 15, 8
_PLACES = 3


def size(count: float) -> str:
    """Bytes for people: ``12.3 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def factor(before: float, after: float) -> str:
    """How many times cheaper: ``12x``."""
    times = before / after if after > 0 else float("inf")
    if times > 9999:
        return ">9999x"
    return f"{times:.0f}x" if times >= 10 else f"{times:.1f}x"


def cost(number: float) -> str:
    """Planner units, short."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}"


def short(statement: Statement, most: int = 120) -> str:
    """A statement on one line; its shape when it is long."""
    flat = " ".join(statement.sql.split())
    if len(flat) > most:
        flat = " ".join(shape(statement.sql).split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def read(advice: Advice) -> list[Effect]:
    """Effects on what is not only charged for writes."""
    return [each for each in advice.effects if each.before > 0 and each.after > 0]


def total(effects: Sequence[Effect]) -> tuple[float, float]:
    """Cost of the workload before and after, by calls."""
    return (
        sum(each.statement.calls * each.before for each in effects),
        sum(each.statement.calls * each.after for each in effects),
    )


def mean_factor(effects: Sequence[Effect]) -> float:
    """Geometric mean of how many times cheaper statements become."""
    if not effects:
        return 1.0
    logs = [math.log(each.before / each.after) for each in effects if not each.statement.writes]
    return math.exp(sum(logs) / max(1, len(logs)))


def plural(count: int, word: str) -> str:
    """``3 indexes``."""
    if count == 1:
        return f"1 {word}"
    return f"{count:,} {word}{'es' if word.endswith('x') else 's'}"


def summary(advice: Advice) -> str:
    """The advice in one sentence."""
    effects = read(advice)
    untried = any(
        isinstance(each.what, Index) and not each.what.extensions for each in advice.refused
    )
    if not advice.indexes and untried:
        return f"No index could be tried for {plural(len(effects), 'statement')}."
    if not advice.indexes:
        return f"No index would pay for {plural(len(effects), 'statement')}."
    taken = size(sum(each.bytes for each in advice.indexes))
    begin = (
        f"{plural(len(advice.indexes), 'index')} of {taken} for {plural(len(effects), 'statement')}"
    )
    if not advice.basis.priced:
        return f"{begin}."
    before, after = total(effects)
    return (
        f"{begin}: the workload costs {factor(before, after)} less, "
        f"a statement that reads {mean_factor(effects):.1f}x in the mean."
    )


def assumed(advice: Advice) -> list[str]:
    """How many rows which table is only assumed to have, and why; the largest first."""
    groups: dict[tuple[float, str], list[str]] = {}
    for each in advice.basis.assumed:
        table = each.table
        name = table.name if table.schema == "public" else f"{table.schema}.{table.name}"
        groups.setdefault((_rounded(each.rows), each.why), []).append(name)
    if not groups:
        return []
    most = max(each.margin for each in advice.basis.assumed)
    counted = f"; an index counts up to {most:g} times in the budget" if most > 1 else ""
    lines = [
        f"Rows are assumed{counted if advice.budget_bytes is not None else ''}; "
        "declare them with --rows TABLE=N or [tool.querysafe.advice.rows]:"
    ]
    for (rows, why), names in list(groups.items())[:_GROUPS]:
        more = f" and {len(names) - _TABLES} more" if len(names) > _TABLES else ""
        lines.append(f"{rows:,.0f}: {', '.join(names[:_TABLES])}{more} ({why})")
    if len(groups) > _GROUPS:
        rest = sum(len(names) for names in list(groups.values())[_GROUPS:])
        lines.append(f"fewer: {plural(rest, 'table')}, named by --format json")
    return lines


def _rounded(rows: float) -> float:
    """Two digits: a guess has no more."""
    return float(f"{rows:.1e}")


def set_aside(advice: Advice) -> str:
    """What was not advised on, counted; empty when nothing was."""
    parts = [f"{count:,} {why}" for why, count in advice.workload.set_aside.items()]
    return f"set aside: {', '.join(parts)}" if parts else ""


def refusals(advice: Advice) -> list[str]:
    """What was not looked at, a line each reason: where it stands, why, and what to type."""
    groups: dict[tuple[str, str], list[Refused]] = {}
    for each in advice.refused:
        groups.setdefault((each.why, each.cure), []).append(each)
    lines = []
    for (why, cure), found in list(groups.items())[:_REASONS]:
        statements = [each.what for each in found if isinstance(each.what, Statement)]
        if len(found) == 1 and statements:
            sites = statements[0].call_sites
            where = f"{sites[0]}: " if sites else ""
            line = f"{where}{why}: {short(statements[0], 90)}"
        elif statements:
            sites = tuple(each.call_sites[0] for each in statements if each.call_sites)
            named = ", ".join(map(str, sites[:_PLACES])) + (", …" if len(sites) > _PLACES else "")
            line = f"{plural(len(statements), 'statement')}{f' ({named})' if named else ''}: {why}"
        else:
            line = why
        lines.append(f"{line}; type: {cure}" if cure else line)
    rest = sum(len(each) for each in list(groups.values())[_REASONS:])
    if rest:
        lines.append(f"{rest} more, for {plural(len(groups) - _REASONS, 'other reason')}")
    return lines


def remark(each: Remark) -> str:
    """A remark with the statement it is about."""
    if isinstance(each.subject, Statement):
        return f"{each.words}: {short(each.subject, 90)}"
    return each.words
