"""``querysafe rules``: the list, and one rule explained."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import querysafe.cli.rules as command
from querysafe.cli import main
from querysafe.cli.rules import RULES
from querysafe.report.rules import read_example
from tests.golden import assert_golden

GOLDEN = Path(__file__).parent / "golden"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["rules", *arguments], env={"COLUMNS": "100"})


def test_the_list_has_one_line_for_each_rule() -> None:
    done = run()
    assert done.exit_code == 0
    assert [line[:5] for line in done.stdout.splitlines() if line.startswith("QS")] == [
        rule.id for rule in RULES
    ]
    assert_golden(GOLDEN / "rules.txt", done.stdout)


def test_a_rule_is_explained_with_condition_effect_cure_and_both_examples() -> None:
    done = run("QS101")
    assert done.exit_code == 0
    assert_golden(GOLDEN / "rules-QS101.txt", done.stdout)


@pytest.mark.parametrize("name", ["QS101", "qs101", "n-plus-one"])
def test_a_rule_is_found_by_id_and_by_name(name: str) -> None:
    assert run(name).stdout == run("QS101").stdout


def test_the_options_that_an_example_needs_are_told() -> None:
    assert "seen with: pytest --querysafe-grow" in run("growth").stdout
    assert "seen with" not in run("QS101").stdout


def test_every_rule_is_explained_in_every_form() -> None:
    for rule in RULES:
        for form in ("text", "json", "markdown"):
            done = run(rule.id, "--format", form)
            assert done.exit_code == 0, done.output
            assert rule.summary in done.stdout


def test_json_is_one_value_with_all_that_the_text_tells() -> None:
    listed = json.loads(run("--format", "json").stdout)
    assert [each["id"] for each in listed] == [rule.id for rule in RULES]
    explained = json.loads(run("QS402", "--format", "json").stdout)
    assert explained["examples"]["bad"]["options"] == "--querysafe-grow"
    assert "# QS402" in explained["examples"]["bad"]["code"]
    assert "# QS402" not in explained["examples"]["good"]["code"]


def test_markdown_is_the_page_of_the_documentation() -> None:
    page = run("QS101", "--format", "markdown").stdout
    assert page.startswith("# QS101 n-plus-one: a relationship is loaded row by row\n")
    assert page.count("```python\n") == 3
    assert run("--format", "markdown").stdout.startswith("| rule |")


def test_an_unknown_rule_is_an_error_that_names_the_known_ones() -> None:
    done = run("QS999")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert 'there is no rule "QS999"' in done.stderr
    assert "QS101, QS102" in done.stderr


def test_an_example_is_parted_into_title_options_and_code() -> None:
    example = read_example('"""A title."""\n\n# pytest --querysafe-grow\n\nimport this\n')
    assert (example.title, example.options) == ("A title.", "--querysafe-grow")
    assert example.code == "import this\n"
    with pytest.raises(ValueError, match="docstring of one line"):
        read_example("import this\n")


def test_examples_of_an_installed_package_win_over_those_of_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "examples" / "QS101"
    folder.mkdir(parents=True)
    for name in ("bad", "good"):
        (folder / f"{name}.py").write_text(f'"""Installed: {name}."""\n\nx = 1\n')
    monkeypatch.setattr("querysafe.cli.rules.files", lambda package: tmp_path)
    assert command.explain(RULES[0]).bad.title == "Installed: bad."
