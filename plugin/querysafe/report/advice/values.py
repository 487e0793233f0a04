"""The advice as JSON values: the contract of ``querysafe advise --format json``."""

from collections.abc import Mapping
from typing import Any

from querysafe.advice.advice import Advice, Effect
from querysafe.advice.index import Index
from querysafe.advice.planner import Existing, Refused
from querysafe.advice.workload import Statement

SCHEMA = 1


def to_json(advice: Advice) -> dict[str, Any]:
    """Every fact of an advice; costs are in the planner's units, sizes in bytes."""
    return {
        "schema": SCHEMA,
        "basis": {
            "name": advice.basis.name,
            "words": advice.basis.words,
            "priced": advice.basis.priced,
            "assumed": [
                {
                    "schema": each.table.schema,
                    "table": each.table.name,
                    "rows": each.rows,
                    "why": each.why,
                }
                for each in advice.basis.assumed
            ],
        },
        "server_version": advice.version,
        "sources": list(advice.workload.sources),
        "set_aside": dict(advice.workload.set_aside),
        "budget_bytes": advice.budget_bytes,
        "indexes": [
            {
                "name": each.name,
                "sql": each.index.create(each.name),
                **_index(each.index),
                "bytes": each.bytes,
                "benefit": round(each.benefit, 2),
                "write_cost": round(each.write_cost, 2),
                "reason": each.reason,
                "statements": [effect.statement.fingerprint for effect in each.evidence],
            }
            for each in advice.indexes
        ],
        "statements": [_effect(each) for each in advice.effects],
        "absent": [{**_index(each.index), "why": each.why} for each in advice.absent],
        "remarks": [
            {
                "kind": each.kind,
                "subject": _subject(each.subject),
                "words": each.words,
                "cure": each.cure,
            }
            for each in advice.remarks
        ],
        "refused": [_refused(each) for each in advice.refused],
    }


def _index(index: Index) -> dict[str, Any]:
    return {
        "schema": index.table.schema,
        "table": index.table.name,
        "method": index.method,
        "keys": [str(key) for key in index.keys],
        "include": list(index.include),
        "where": index.where,
        "unique": index.unique,
        "extensions": list(index.extensions),
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "fingerprint": effect.statement.fingerprint,
        "sql": effect.statement.sql,
        "calls": effect.statement.calls,
        "call_sites": [each.to_json() for each in effect.statement.call_sites],
        "before": round(effect.before, 3),
        "after": round(effect.after, 3),
        "indexes": list(effect.indexes),
    }


def _subject(subject: Existing | Statement | Index) -> Mapping[str, str]:
    if isinstance(subject, Index):
        return {"index": subject.definition()}
    if isinstance(subject, Statement):
        return {"statement": subject.fingerprint, "sql": subject.sql}
    return {"index": subject.name}


def _refused(refused: Refused) -> Mapping[str, Any]:
    what = refused.what
    sites = what.call_sites if isinstance(what, Statement) else ()
    return {
        "what": what.definition() if isinstance(what, Index) else what.sql,
        "why": refused.why,
        "cure": refused.cure,
        "call_sites": [each.to_json() for each in sites],
    }
