"""What a revision's docstring tells: which queries, from where, at what cost, on what basis."""

import textwrap
from collections.abc import Iterator

from querysafe.advice.advice import Advice, Advised, Effect
from querysafe.advice.revision.spelling import plain
from querysafe.advice.revision.work import New, Work

STATEMENTS = 3
"""How many statements stand below an index; the rest is counted."""
SITES = 2
_WIDTH = 84


def evidence(advice: Advice, work: Work) -> str:
    """The text below the first line of the docstring."""
    parts = []
    for new in work.creates:
        parts.append("\n".join(_index(new, priced=advice.basis.priced)))
    for gone in work.drops:
        parts.append(f"{gone.name} is dropped: what it serves, a new index serves too.")
    parts.append("\n".join(_basis(advice)))
    return "\n\n".join(parts)


def _index(new: New, *, priced: bool) -> Iterator[str]:
    yield f"{new.name}"
    yield from _wrapped(plain(new.index.definition()), "    ")
    advised = new.advised
    if advised is None:
        return
    yield from _wrapped(advised.reason, "    ")
    yield f"    size about {size(advised.bytes)}{_write_cost(advised) if priced else ''}"
    ranked = sorted(
        advised.evidence,
        key=lambda effect: -(effect.before - effect.after) * effect.statement.calls,
    )
    for effect in ranked[:STATEMENTS]:
        yield from _statement(effect, priced=priced)
    if len(ranked) > STATEMENTS:
        yield f"    and {len(ranked) - STATEMENTS} more"


def _write_cost(advised: Advised) -> str:
    if not advised.benefit:
        return ""
    saved = f", saves {advised.benefit:,.0f} of planner cost in the workload"
    return saved + f", writes cost {advised.write_cost:,.0f}" if advised.write_cost else saved


def _statement(effect: Effect, *, priced: bool) -> Iterator[str]:
    statement = effect.statement
    calls = f"{statement.calls:,.0f} calls" if statement.calls != 1 else "1 call"
    if priced:
        yield f"    - {calls}, cost {effect.before:,.1f} -> {effect.after:,.1f}"
    else:
        yield f"    - {calls}"
    shape = " ".join(statement.sql.split())
    yield from _wrapped(shape if len(shape) <= 300 else f"{shape[:299]}…", "      ")
    sites = [site.words for site in statement.call_sites[:SITES]]
    if sites:
        yield from _wrapped(f"at {', '.join(sites)}", "      ")


def _basis(advice: Advice) -> Iterator[str]:
    major = advice.version // 10000
    words = advice.basis.words.strip().removesuffix(".")
    yield from _wrapped(f"Basis: {words}. Planner of PostgreSQL {major}.", "")
    if advice.workload.sources:
        yield from _wrapped(f"Workload: {', '.join(advice.workload.sources)}.", "")
    written = {each.index.table for each in advice.indexes}
    sizes = [
        f"{each.rows:,.0f} in {each.table.name} ({each.why})"
        for each in advice.basis.assumed
        if each.table in written
    ]
    if sizes:
        yield from _wrapped(f"Rows are assumed: {', '.join(sizes)}.", "")
    if not advice.basis.priced:
        yield "Costs are not known on this basis; only that the planner can use each index."


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def size(count: float) -> str:
    """Bytes for people: ``8 kB``, ``3.4 MB``."""
    for unit in ("kB", "MB", "GB"):
        count /= 1024
        if count < 1000 or unit == "GB":
            break
    return f"{count:,.0f} {unit}" if count >= 10 or unit == "kB" else f"{count:,.1f} {unit}"


def with_evidence(source: str, message: str, text: str) -> str:
    """A revision's source with the text put below the message of its docstring.

    A file without a docstring that holds the message gets the text as comments on top.
    """
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    for quotes in ('"""', "'''"):
        start = source.find(quotes)
        if start < 0 or not _is_head(source[:start]):
            continue
        end = source.find(quotes, start + 3)
        place = source.find(message, start, end)
        if place >= 0:
            after = place + len(message)
            if quotes == "'''":
                escaped = text.replace("\\", "\\\\").replace("'''", "\\'\\'\\'")
            closing = "\n" if source[after:end].strip() == "" else ""
            return f"{source[:after]}\n\n{escaped}{closing}{source[after:]}"
    return "".join(f"# {line}".rstrip() + "\n" for line in text.splitlines()) + source


def _is_head(text: str) -> bool:
    """Whether nothing but comments, such as a licence, and the letter of a raw string stand there."""
    *lines, last = text.split("\n")
    return last.strip() in ("", *"rRuU") and all(
        not line.strip() or line.lstrip().startswith("#") for line in lines
    )
