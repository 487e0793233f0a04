"""The advice for a pull request."""

from querysafe.advice.advice import Advice, Advised
from querysafe.report.advice import words
from querysafe.report.printable import printable


def render(advice: Advice, *, explain: bool = False) -> str:
    """A heading, a block of SQL, a table of effects, and what else was seen."""
    parts = [f"### Indexes: {words.summary(advice)}\n", f"Basis: {_text(advice.basis.words)}.\n"]
    if sizes := words.assumed(advice):
        listed = "\n".join(f"- {_text(line)}" for line in sizes[1:])
        parts.append(f"<details><summary>{_text(sizes[0])}</summary>\n\n{listed}\n\n</details>\n")
    if advice.indexes:
        lines = "\n".join(f"{each.index.create(each.name)};" for each in advice.indexes)
        parts.append(f"{_fence(lines)}sql\n{lines}\n{_fence(lines)}\n")
        parts.append(_table(advice))
    if explain:
        parts += [_evidence(each) for each in advice.indexes]
    if advice.remarks:
        rows = [
            f"- **{each.kind}**: {_text(words.remark(each))}"
            + (f" → {_code(each.cure)}" if each.cure else "")
            for each in advice.remarks
        ]
        parts.append("**Also seen**\n\n" + "\n".join(rows) + "\n")
    if explain and advice.absent:
        rows = [
            f"- {_code(each.index.table.name + ' (' + ', '.join(map(str, each.index.keys)) + ')')}: "
            f"{_text(each.why)}"
            for each in advice.absent
        ]
        parts.append(
            "<details><summary>Not advised</summary>\n\n" + "\n".join(rows) + "\n\n</details>\n"
        )
    if refusals := words.refusals(advice):
        rows = [f"- {_text(line)}" for line in refusals]
        parts.append("**Not looked at**\n\n" + "\n".join(rows) + "\n")
    if aside := words.set_aside(advice):
        parts.append(f"_{_text(aside)}_\n")
    return "\n".join(parts)


def _table(advice: Advice) -> str:
    rows = ["| Index | Size | Saves | Writes cost | It |", "| --- | ---: | ---: | ---: | --- |"]
    for each in advice.indexes:
        saves = words.cost(each.benefit) if advice.basis.priced else ""
        writes = words.cost(each.write_cost) if advice.basis.priced else ""
        rows.append(
            f"| {_code(each.name)} | {words.size(each.bytes)} | {saves} | {writes} | {_text(each.reason)} |"
        )
    return "\n".join(rows) + "\n"


def _evidence(each: Advised) -> str:
    rows = ["| Before | After | | Calls | Statement |", "| ---: | ---: | ---: | ---: | --- |"]
    rows += [
        f"| {words.cost(effect.before)} | {words.cost(effect.after)} | "
        f"{words.factor(effect.before, effect.after)} | {effect.statement.calls:,.0f} | "
        f"{_code(words.short(effect.statement))} |"
        for effect in each.evidence
    ]
    table = "\n".join(rows)
    return f"<details><summary>{_text(each.name)}</summary>\n\n{table}\n\n</details>\n"


def _text(text: str) -> str:
    shown = printable(text)
    for mark in "\\`*_{}[]<>|":
        shown = shown.replace(
            mark, f"\\{mark}" if mark not in "<>" else {"<": "&lt;", ">": "&gt;"}[mark]
        )
    return shown


def _code(text: str) -> str:
    """Code within a cell of a table; a fence longer than any in it."""
    shown = printable(text).replace("|", "\\|")
    fence = "`"
    while fence in shown:
        fence += "`"
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _fence(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return fence
