"""One self-contained page: what is advised, each statement's plan before and after.

As the page of a run it opens from ``file://``, asks the network for nothing, and holds no
HTML made from data.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from querysafe.advice.advice import Advice
from querysafe.report.advice import plans, values, words
from querysafe.report.html.embedding import embedded
from querysafe.report.html.page import asset, digest

_SHARED_STYLES = ("tokens", "layout", "code", "print")
_SHARED_SCRIPTS = ("dom", "highlight", "theme")


def render(advice: Advice) -> str:
    """Render the page."""
    style = "".join(asset(f"style/{name}.css") for name in _SHARED_STYLES) + _own("page.css")
    body = "".join(asset(f"script/{name}.js") for name in _SHARED_SCRIPTS) + _own("page.js")
    script = f'(() => {{\n"use strict";\n{body}}})();\n'
    policy = (
        f"default-src 'none'; style-src '{digest(style)}'; script-src '{digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    head, foot = _own("page.html").split("<!-- data -->\n")
    return "".join(
        (
            head.replace("{policy}", policy).replace("{style}", style),
            f'<script type="application/json" id="advice">{embedded(_data(advice))}</script>\n',
            foot.replace("{script}", script),
        )
    )


def _data(advice: Advice) -> dict[str, Any]:
    offered = _names(advice)
    data = values.to_json(advice)
    effects = words.read(advice)
    before, after = words.total(effects)
    data["summary"] = words.summary(advice)
    data["refusals"] = words.refusals(advice)
    data["assumed"] = words.assumed(advice)
    data["totals"] = {
        "indexes": len(advice.indexes),
        "size": words.size(sum(each.bytes for each in advice.indexes)),
        "workload": words.factor(before, after),
        "mean": f"{words.mean_factor(effects):.1f}x",
    }
    for value, effect in zip(data["statements"], advice.effects, strict=True):
        value["factor"] = words.factor(effect.before, effect.after)
        value["gain"] = effect.statement.calls * (effect.before - effect.after)
        value["plan_before"] = plans.tree(effect.plan_before, {})
        value["plan_after"] = plans.tree(effect.plan_after, offered)
    for value, each in zip(data["indexes"], advice.indexes, strict=True):
        value["size"] = words.size(each.bytes)
        value["saves"] = words.cost(each.benefit)
        value["writes"] = words.cost(each.write_cost)
    return data


def _names(advice: Advice) -> dict[str, str]:
    """The advised name of each candidate, by the name under which the planner was offered it."""
    return {each.offered or each.name: each.name for each in advice.indexes}


@cache
def _own(name: str) -> str:
    return files("querysafe.report.advice").joinpath(name).read_text(encoding="utf-8")
