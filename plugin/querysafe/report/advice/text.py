"""The advice for a terminal: the indexes, what they do, what else was seen."""

import io
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from querysafe.advice.advice import Advice, Advised
from querysafe.advice.index import quoted
from querysafe.report.advice import words
from querysafe.report.printable import printable

_EVIDENCE = 5


def render(advice: Advice, *, explain: bool = False, width: int = 100, color: bool = False) -> str:
    """The whole report; statements are never wrapped, so that they can be pasted."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        no_color=not color,
        highlight=False,
        soft_wrap=True,
    )
    for line in _lines(advice, explain):
        console.print(line)
    return out.getvalue()


def _lines(advice: Advice, explain: bool) -> Iterator[Text]:
    yield Text(words.summary(advice), style="bold")
    yield _plain(f"Basis: {advice.basis.words}.")
    for position, line in enumerate(words.assumed(advice)):
        yield _plain(f"{'  ' * (position > 0)}{line}")
    for source in advice.workload.sources:
        yield _plain(f"Read: {source}")
    if aside := words.set_aside(advice):
        yield _plain(f"Not advised on, {aside}")
    yield Text()
    for each in advice.indexes:
        yield from _index(advice, each, explain)
    yield from _remarks(advice)
    if explain and advice.absent:
        yield Text("Not advised:", style="bold")
        for absent in advice.absent:
            index = absent.index
            keys = ", ".join(map(str, index.keys))
            yield _plain(f"  {index.table.name} ({keys}): {absent.why}")
        yield Text()
    for line in words.refusals(advice):
        yield Text(printable(f"Not looked at: {line}"), style="yellow")


def _index(advice: Advice, each: Advised, explain: bool) -> Iterator[Text]:
    yield Text(printable(f"{each.index.create(each.name)};"), style="green")
    gain = f"{words.size(each.bytes)}; it {each.reason}"
    yield _plain(f"  {gain}")
    for extension in (name for name in each.index.extensions if name in advice.lacking):
        yield _plain(f"  needs: CREATE EXTENSION IF NOT EXISTS {quoted(extension)};")
    if each.write_cost and advice.basis.priced:
        yield _plain(
            f"  saves {words.cost(each.benefit)}, costs {words.cost(each.write_cost)} to write"
        )
    shown = each.evidence if explain else each.evidence[:1]
    for effect in shown:
        if advice.basis.priced:
            yield _plain(
                f"  {words.factor(effect.before, effect.after):>7}  "
                f"{words.cost(effect.before)} → {words.cost(effect.after)}, "
                f"{effect.statement.calls:,.0f} calls: {words.short(effect.statement, 100)}"
            )
        else:
            yield _plain(f"  {words.short(effect.statement, 100)}")
        if explain:
            for site in effect.statement.call_sites[:_EVIDENCE]:
                yield _plain(f"           {site.words}")
    if len(each.evidence) > len(shown):
        yield Text(
            f"  … and {words.plural(len(each.evidence) - len(shown), 'more statement')}", "dim"
        )
    yield Text()


def _remarks(advice: Advice) -> Iterator[Text]:
    if not advice.remarks:
        return
    yield Text("Also seen:", style="bold")
    for each in advice.remarks:
        yield Text(printable(f"  {each.kind}: {words.remark(each)}"), style="yellow")
        if each.cure:
            yield _plain(f"    {each.cure}")
    yield Text()


def _plain(text: str) -> Text:
    return Text(printable(text))
