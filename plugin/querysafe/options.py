"""Every option, declared once.

The command line of pytest, ini files, environment variables, ``[tool.querysafe]``, the
reference page and the "did you mean" of a misspelt name are all made from this table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option."""

    name: str
    """As in ``[tool.querysafe]`` and :class:`~querysafe.settings.Settings`: ``max_queries``."""
    sort: str
    """``flag``, ``choice``, ``text``, ``path``, ``integer``, ``number`` or ``list``."""
    default: Any
    help: str
    group: str
    choices: tuple[str, ...] = ()
    metavar: str = ""
    least: float = 0
    """The smallest number allowed."""

    @property
    def public_name(self) -> str:
        """The name after the prefix; the mode is what ``--querysafe`` itself sets."""
        return "" if self.name == "mode" else self.name

    @property
    def flag(self) -> str:
        """``--querysafe-max-queries``."""
        return "-".join(filter(None, ("--querysafe", self.public_name.replace("_", "-"))))

    @property
    def ini(self) -> str:
        """``querysafe_max_queries``."""
        return "_".join(filter(None, ("querysafe", self.public_name)))

    @property
    def variable(self) -> str:
        """``QUERYSAFE_MAX_QUERIES``."""
        return self.ini.upper()


OPTIONS: tuple[Option, ...] = (
    Option(
        name="mode",
        sort="choice",
        default="report",
        choices=("off", "report", "check"),
        help="report shows findings and changes no outcome; check fails tests for new ones.",
        group="Judging",
    ),
    Option(
        name="select",
        sort="list",
        default=(),
        metavar="RULES",
        help="Judge by these rules only (ids or names); all of them by default.",
        group="Judging",
    ),
    Option(
        name="ignore",
        sort="list",
        default=(),
        metavar="RULES",
        help="Do not judge by these rules.",
        group="Judging",
    ),
    Option(
        name="allow",
        sort="list",
        default=(),
        metavar="PATTERNS",
        help="Accept findings by rule, label or path of the call site: 'QS201', 'Order.lines', "
        "'app/legacy/*'.",
        group="Judging",
    ),
    Option(
        name="fail_on",
        sort="choice",
        default="warning",
        choices=("error", "warning"),
        help="The least severity for which mode check fails a test.",
        group="Judging",
    ),
    Option(
        name="threshold",
        sort="integer",
        default=2,
        least=2,
        metavar="N",
        help="So many repetitions make a finding.",
        group="Judging",
    ),
    Option(
        name="max_queries",
        sort="integer",
        default=None,
        metavar="N",
        help="Budget of queries for every test; the marker's wins.",
        group="Judging",
    ),
    Option(
        name="max_seconds",
        sort="number",
        default=None,
        metavar="SECONDS",
        help="Budget of database time for every test; the marker's wins.",
        group="Judging",
    ),
    Option(
        name="slow_seconds",
        sort="number",
        default=0.5,
        metavar="SECONDS",
        help="A single query that takes as long is a finding.",
        group="Judging",
    ),
    Option(
        name="root_packages",
        sort="list",
        default=(),
        metavar="NAMES",
        help="Installed packages or folders that count as your code.",
        group="Call sites",
    ),
    Option(
        name="library_paths",
        sort="list",
        default=(),
        metavar="PATHS",
        help="Packages or folders in your tree that call sites should skip.",
        group="Call sites",
    ),
    Option(
        name="baseline",
        sort="path",
        default="querysafe-baseline",
        metavar="DIRECTORY",
        help="Where the accepted findings and counts are kept.",
        group="Baseline",
    ),
    Option(
        name="update",
        sort="flag",
        default=False,
        help="Write what the tests did into the baseline.",
        group="Baseline",
    ),
    Option(
        name="grow",
        sort="flag",
        default=False,
        help="Run each test again on cloned rows and report what grew with them.",
        group="Growth",
    ),
    Option(
        name="grow_factor",
        sort="integer",
        default=2,
        least=2,
        metavar="N",
        help="How many times as many rows the second run sees.",
        group="Growth",
    ),
    Option(
        name="cold_session",
        sort="flag",
        default=False,
        help="Forget between set-up and call what the fixtures left in a session.",
        group="Growth",
    ),
    Option(
        name="plans",
        sort="flag",
        default=False,
        help="Fail a test whose query has no index that it could use on a big table.",
        group="Plans",
    ),
    Option(
        name="statistics",
        sort="path",
        default=None,
        metavar="FILE",
        help="How big tables are: a file of querysafe advise stats export.",
        group="Plans",
    ),
    Option(
        name="rows",
        sort="list",
        default=(),
        metavar="TABLE=N",
        help="How many rows tables have, beside [tool.querysafe.advice.rows]: 'orders=2000000'.",
        group="Plans",
    ),
    Option(
        name="json",
        sort="path",
        default=None,
        metavar="FILE",
        help="Write findings and tests as JSON.",
        group="Reports",
    ),
    Option(
        name="sarif",
        sort="path",
        default=None,
        metavar="FILE",
        help="Write findings as SARIF 2.1.0.",
        group="Reports",
    ),
    Option(
        name="html",
        sort="path",
        default=None,
        metavar="FILE",
        help="Write one self-contained page with every test's timeline.",
        group="Reports",
    ),
    Option(
        name="markdown",
        sort="path",
        default=None,
        metavar="FILE",
        help="Write a summary for a pull request.",
        group="Reports",
    ),
    Option(
        name="record",
        sort="path",
        default=None,
        metavar="DIRECTORY",
        help="Write every query of every test as NDJSON, one file a test.",
        group="Reports",
    ),
    Option(
        name="github",
        sort="choice",
        default="auto",
        choices=("auto", "on", "off"),
        help="Print annotations for GitHub Actions; auto prints them there only.",
        group="Reports",
    ),
    Option(
        name="top",
        sort="integer",
        default=10,
        metavar="N",
        help="How many findings and tests the terminal shows; 0 shows all.",
        group="Reports",
    ),
    Option(
        name="postgres_server",
        sort="choice",
        default="auto",
        choices=("auto", "system", "embedded"),
        help="Which PostgreSQL the fixture querysafe_postgres starts.",
        group="PostgreSQL",
    ),
    Option(
        name="postgres_bin",
        sort="path",
        default=None,
        metavar="DIRECTORY",
        help="Where the PostgreSQL programs are.",
        group="PostgreSQL",
    ),
)

BY_NAME: Mapping[str, Option] = {option.name: option for option in OPTIONS}


def did_you_mean(name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """``did you mean "baseline"?``, or the whole list when nothing is near."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known are {', '.join(sorted(known))}"
