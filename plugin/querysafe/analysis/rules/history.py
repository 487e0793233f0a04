"""QS401 and QS402: what grew since it was accepted, and what grows with the rows."""

from querysafe.finding import Rule, Severity

REGRESSION = Rule(
    id="QS401",
    name="regression",
    severity=Severity.ERROR,
    summary="a statement runs far more often than the baseline accepts",
    condition="A statement that a test ran before runs more than twice as often as the baseline "
    "accepts, and three times more at least, without being part of another finding.",
    effect="Something that was done once is done for each row now.",
    cure="Look at what changed around its call site; `--querysafe-update` accepts it.",
)
GROWTH = Rule(
    id="QS402",
    name="growth",
    severity=Severity.ERROR,
    summary="a statement's count follows the number of rows",
    condition="With `--querysafe-grow` a test runs again with every row of its database cloned, "
    "and a statement is sent as many times more often. What QS101 to QS106 can name on those "
    "rows is told under their name; this rule is for the rest. Pages, chunks of keys and "
    "waiting are no finding.",
    effect="Three hundred thousand rows will send three hundred thousand queries.",
    cure="Ask once for all rows, before the loop, and look each one up in memory.",
)
