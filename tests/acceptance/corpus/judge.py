"""Compares the findings of a run with what the cases expect."""

import ast
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.acceptance.corpus.markers import Case, Expectation, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One way in which a case and the findings differ.

    ``sort`` is ``miss``, ``wrong line``, ``false alarm``, ``wrong parent``, ``cure``,
    ``extra``, ``label``, ``inexact`` or ``second best``; the last four are no failure.
    """

    sort: str
    case: Case
    text: str


FAILURES = ("miss", "wrong line", "false alarm", "wrong parent", "cure", "not run")


def judge(case: Case, findings: Iterable[Mapping[str, Any]]) -> list[Remark]:
    """Say how the findings of one test differ from what it expects."""
    remaining = list(findings)
    if not case.bad:
        return [
            Remark(sort="false alarm", case=case, text=describe(finding))
            for finding in remaining
            if finding["rule"] not in case.allowed
        ]
    remarks: list[Remark] = []
    matched: list[Mapping[str, Any]] = []
    for expected in case.expectations:
        hits = [found for found in remaining if _matches(expected, found)]
        if not hits:
            remarks.append(_missing(case, expected, remaining))
        for hit in hits:
            matched.append(hit)
            remarks += _about_hit(case, expected, hit)
    remarks += _about_cures(case, matched)
    remarks += [
        Remark(sort="extra", case=case, text=describe(finding))
        for finding in remaining
        if finding not in matched and finding["rule"] not in case.allowed
    ]
    return remarks


def describe(finding: Mapping[str, Any]) -> str:
    """One line for a finding."""
    sites = ", ".join(f"{site['path']}:{site['line']}" for site in finding["call_sites"][:3])
    return f"{finding['rule']} {finding['label']} x{finding['count']} at {sites or 'no line'}"


def _matches(expected: Expectation, finding: Mapping[str, Any]) -> bool:
    return finding["rule"] in expected.rules and any(
        _names(place, finding) for place in expected.places
    )


def _names(place: Place, finding: Mapping[str, Any]) -> bool:
    return any(place.holds(site["path"], site["line"]) for site in finding["call_sites"])


def _missing(case: Case, expected: Expectation, findings: list[Mapping[str, Any]]) -> Remark:
    wanted = f"{'|'.join(expected.rules)} at {', '.join(map(str, expected.places))}"
    here = [found for found in findings if any(_names(place, found) for place in expected.places)]
    same = [found for found in findings if found["rule"] in expected.rules]
    if same:
        return Remark(sort="wrong line", case=case, text=f"{wanted}: got {describe(same[0])}")
    if here:
        return Remark(sort="miss", case=case, text=f"{wanted}: other rule, {describe(here[0])}")
    return Remark(sort="miss", case=case, text=wanted)


def _about_hit(case: Case, expected: Expectation, hit: Mapping[str, Any]) -> list[Remark]:
    remarks = []
    label = str(hit["label"])
    if expected.label and expected.label not in label:
        text = f'label "{label}" instead of "{expected.label}"'
        remarks.append(Remark(sort="label", case=case, text=text))
    if hit["rule"] != expected.rules[0]:
        text = f"{hit['rule']} instead of {expected.rules[0]}"
        remarks.append(Remark(sort="second best", case=case, text=text))
    lines = {(site["path"], site["line"]) for site in hit["call_sites"]}
    if not any((place.path, place.line) in lines for place in expected.places):
        text = f"{describe(hit)}, marked {expected.places[0]}"
        remarks.append(Remark(sort="inexact", case=case, text=text))
    wanted = [place for name, place in case.parents if not name or name in label]
    parent = hit["parent"]
    if wanted and not (
        parent and any(place.holds(parent["path"], parent["line"]) for place in wanted)
    ):
        got = f"{parent['path']}:{parent['line']}" if parent else "none"
        text = f"{describe(hit)}: parent {got} instead of {', '.join(map(str, wanted))}"
        remarks.append(Remark(sort="wrong parent", case=case, text=text))
    cure = str(hit["cure"] or "")
    if not cure.strip():
        remarks.append(Remark(sort="cure", case=case, text=f"{describe(hit)}: no cure"))
    elif not _parses(cure):
        remarks.append(Remark(sort="cure", case=case, text=f"does not parse: {cure!r}"))
    return remarks


def _about_cures(case: Case, matched: list[Mapping[str, Any]]) -> list[Remark]:
    texts = ["".join(str(found["cure"] or "").split()) for found in matched]
    return [
        Remark(sort="cure", case=case, text=f"no cure holds {' or '.join(parts)}: {texts}")
        for parts in case.cures
        if matched and not any("".join(part.split()) in text for part in parts for text in texts)
    ]


def _parses(code: str) -> bool:
    """Whether the code is Python, be it inside of an async function."""
    body = textwrap.indent(textwrap.dedent(code), "    ")
    try:
        ast.parse(f"async def pasted():\n{body}\n")
    except SyntaxError:
        return False
    return True
