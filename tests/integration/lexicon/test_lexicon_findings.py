"""What querysafe says of the lexicon's suite: every mistake by its rule, no cure at all."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lexicon.mistakes import MISTAKES, Mistake

ROOT = Path(__file__).resolve().parents[3]
NAIVE_INTERFACES = (
    "test_words_are_served",
    "test_cards_are_served_through_pydantic",
    "test_paths_are_served",
    "test_the_search_is_served",
    "test_variants_of_a_language_name_it",
    "test_territories_list_who_speaks_what",
    "test_administrators_see_users",
    "test_a_review_is_taken",
    "test_words_are_served_under_asyncio",
    "test_lengths_are_served_under_asyncio",
    "test_names_of_concepts_come_with_their_language",
    "test_the_tree_is_served_two_levels_deep",
    "test_the_schema_can_be_executed_without_a_server",
    "test_names_of_concepts_come_with_their_language_under_asyncio",
    "test_the_tree_is_served_two_levels_deep_under_asyncio",
)
"""Tests of endpoints and resolvers that must be told of a query for each row."""


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """The findings of the suite on SQLite, by test: ``test_name[naive]``."""
    report = tmp_path_factory.mktemp("findings") / "querysafe.json"
    command = [
        *(sys.executable, "-m", "pytest", "tests/lexicon/suite", "-q"),
        *("-p", "no:cacheprovider", "--querysafe=report", f"--querysafe-json={report}"),
    ]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    } | {"LEXICON_DATABASE": "sqlite"}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(report.read_text("utf-8"))["findings"]:
        found.setdefault(finding["nodeid"].rpartition("::")[2], []).append(finding)
    return found


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_named_by_its_rule(
    findings: dict[str, list[dict[str, Any]]], mistake: Mistake
) -> None:
    rules = {finding["rule"] for finding in findings.get(f"{mistake.test}[naive]", [])}

    assert mistake.rules[0] in rules
    assert rules <= set(mistake.rules)


@pytest.mark.parametrize("test", NAIVE_INTERFACES)
def test_an_interface_with_a_mistake_is_told_of_a_query_for_each_row(
    findings: dict[str, list[dict[str, Any]]], test: str
) -> None:
    rules = {finding["rule"] for finding in findings.get(f"{test}[naive]", [])}

    assert any(rule.startswith("QS1") for rule in rules)


def test_nothing_is_said_of_what_is_cured(findings: dict[str, list[dict[str, Any]]]) -> None:
    alarms = [
        f"{test}: {finding['rule']} {finding['label']}"
        for test, group in findings.items()
        for finding in group
        if test.endswith("[cured]") and finding["severity"] != "note"
    ]

    assert alarms == []


def test_findings_stand_in_the_lexicon(findings: dict[str, list[dict[str, Any]]]) -> None:
    sites = [site for group in findings.values() for one in group for site in one["call_sites"]]

    assert sites
    assert all((ROOT / site["path"]).is_file() for site in sites)
    assert any("languages/graphql/naive.py" in site["path"] for site in sites)
