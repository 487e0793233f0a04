"""The page of the event: the single wire form of a captured query."""

from querysafe.params import Params, ParamsPolicy
from querysafe.query import CallSite, CapturedQuery, Context, Kind, Loading, OrmCause
from tests.documentation.docstrings import fields

TEXTS = {
    "db.query.text": "The statement as sent to the driver.",
    "db.query.summary": "Its first word: `SELECT`, `INSERT`, `UPDATE`, `DELETE`, `TRANSACTION` "
    "or `OTHER`.",
    "db.system.name": "The database's name in SQLAlchemy's words: `postgresql`, `sqlite`.",
    "db.client.operation.duration": "Seconds that the driver took.",
    "db.response.returned_rows": "Rows as told by the driver; absent when it does not know.",
    "db.operation.batch.size": "Sets of parameters of an `executemany`; absent otherwise.",
    "db.query.parameter.<key>": "One parameter, under the policy `keep` its value, under "
    "`types` the name of its type. In an `executemany` those of the first set.",
    "error.type": "Class of the driver's error, never its message.",
    "code.file.path": "Call site: the file, relative to the root directory.",
    "code.line.number": "Call site: the line.",
    "code.function.name": "Call site: the function.",
    "querysafe.fingerprint": "The shape of the statement, equal for literals, lengths of `IN` "
    "lists, versions of SQLAlchemy and drivers.",
    "querysafe.params_policy": "What was kept of the parameters: `keep`, `types` or `drop`.",
    "querysafe.started_seconds": "Seconds since the recording began.",
    "querysafe.index": "Position in the recording, from 0.",
    "querysafe.source": "Who saw it: `sqlalchemy`.",
    "querysafe.loading": "Why it was sent: see below.",
    "querysafe.calls": "How many executions it stands for, when more than one.",
    "querysafe.engine": "Dialect and driver: `postgresql+psycopg`.",
    "querysafe.test": "Node id of the test.",
    "querysafe.phase": "`setup`, `call` or `teardown` of the test.",
    "querysafe.task": "Thread or asyncio task, numbered by first appearance.",
    "querysafe.request": "Request served, numbered by arrival.",
    "querysafe.request_name": "`GET /orders/{id}`.",
    "querysafe.graphql_path": "`concepts[].translations`.",
    "querysafe.transaction": "How many commits and rollbacks came before.",
    "querysafe.orm_path": 'Relationships from the parent query\'s entity: `["Order.lines"]`.',
    "querysafe.entity": "Class of the rows.",
    "querysafe.owner": "Identity of the object whose attribute was read: `Order(3,)`.",
    "querysafe.columns": "Attributes of a column load, or the key of a `Session.get`.",
    "querysafe.reason": "Of a column load: `deferred`, `expired`, `refresh` or `polymorphic`.",
    "querysafe.parent_index": "Index of the query that loaded that object.",
    "querysafe.parent": 'Its call site: `{"path", "line", "function"}`.',
}


def sample() -> CapturedQuery:
    """A query of which everything is known."""
    site = CallSite(path="app/orders.py", line=12, function="list_orders")
    context = Context(
        test="t",
        phase="call",
        task=1,
        request=1,
        request_name="GET /",
        graphql_path="a[].b",
        transaction=1,
        session=1,
        engine="sqlite+pysqlite",
    )
    return CapturedQuery(
        statement="SELECT 1",
        fingerprint="f",
        kind=Kind.SELECT,
        params=Params(policy=ParamsPolicy.KEEP, values=(("1", 3),), sets=2),
        rowcount=1,
        calls=2,
        executemany=True,
        call_site=site,
        orm_cause=OrmCause(
            loading=Loading.LAZY,
            path=("A.b",),
            owner="A(1,)",
            entity="B",
            columns=("c",),
            reason="deferred",
        ),
        parent=site,
        parent_index=1,
        context=context,
        error="OperationalError",
    )


def page() -> str:
    """Every name of an event."""
    names = [
        "db.query.parameter.<key>" if name.startswith("db.query.parameter.") else name
        for name in sample().to_event()
    ]
    assert sorted(names) == sorted(TEXTS), set(names) ^ set(TEXTS)
    rows = [f"| `{name}` | {text} |" for name, text in TEXTS.items()]
    loadings = [f"| `{Loading[name].value}` | {text} |" for name, text in fields(Loading).items()]
    return "\n".join(
        [
            "# Events",
            "",
            "A captured query has one written form, a flat JSON object. "
            "`pytest --querysafe-record=DIRECTORY` writes one file a test with an event a line "
            "(NDJSON). Before the events stand two lines of another sort, with the key `querysafe`: "
            "`recording` names the test and what was loaded ahead, `result` is the test with its "
            "findings as in the [JSON report](json-report.md). Names follow the OpenTelemetry semantic conventions for database client "
            "spans where they exist; ours begin with `querysafe.`. A name without a value is "
            "absent. Readers ignore names that they do not know.",
            "",
            "| name | meaning |",
            "| --- | --- |",
            *rows,
            "",
            "## Why a query was sent",
            "",
            "| `querysafe.loading` | meaning |",
            "| --- | --- |",
            *loadings,
        ]
    )
