"""Advices made by hand."""

from querysafe.advice.advice import Advice, Advised, Effect, Remark
from querysafe.advice.index import Index, Key, Table
from querysafe.advice.planner import Basis
from querysafe.advice.workload import Sample, Statement, Workload
from querysafe.query import CallSite

STATEMENT = Statement(
    fingerprint="f",
    sql="SELECT * FROM orders WHERE customer_id = $1",
    samples=(Sample("SELECT * FROM orders WHERE customer_id = $1", (1,)),),
    calls=1200,
    call_sites=(CallSite(path="shop/orders.py", line=12, function="list_orders"),),
)


def index(table: str, *keys: Key | str, schema: str = "public", **more: object) -> Index:
    made = tuple(Key(column=key) if isinstance(key, str) else key for key in keys)
    return Index(Table(schema, table), made, **more)  # type: ignore[arg-type]


def advised(name: str, made: Index) -> Advised:
    effect = Effect(statement=STATEMENT, before=4312.5, after=8.4, indexes=(name,))
    return Advised(
        name=name,
        index=made,
        bytes=12_000_000,
        benefit=5_164_920.0,
        write_cost=310.0,
        reason="it serves the equality on customer_id",
        evidence=(effect,),
    )


def advice(*indexes: Advised, remarks: tuple[Remark, ...] = ()) -> Advice:
    return Advice(
        basis=Basis(name="statistics", words="Statistics of production, shop.stats.json."),
        version=180004,
        workload=Workload(statements=(STATEMENT,), sources=("recordings",)),
        indexes=indexes,
        effects=(),
        remarks=remarks,
    )
