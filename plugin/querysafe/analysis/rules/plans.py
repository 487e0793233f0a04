"""QS304: what a plan shows; ``--querysafe-plans`` looks at it when the test is over."""

from querysafe.finding import Rule, Severity

NO_INDEX = Rule(
    id="QS304",
    name="no-usable-index",
    severity=Severity.ERROR,
    summary="no index could serve a query of a big table",
    condition="With `--querysafe-plans` the plan of each query is asked for after the test, with "
    "sequential scans discouraged, so that a small test database does not hide an index. It is a "
    "finding when a table of 100,000 rows or more, by `--querysafe-statistics` or by "
    "`[tool.querysafe.advice.rows]`, is read from end to end all the same, and the query filters, "
    "joins or sorts it. What reads a whole table by intention is none.",
    effect="The query reads every row of the table, however few it returns.",
    cure="Create the index: `querysafe advise` says which one serves the whole workload.",
)
