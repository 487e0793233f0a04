"""Statements with their plans as the database is now; those that it refuses are told."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from querysafe.advice.candidates.plans import nodes
from querysafe.advice.choosing.costs import Subject
from querysafe.advice.index import Table, quoted
from querysafe.advice.planner import Plan, Planner, Refused, Relation
from querysafe.advice.workload import Sample, Statement


def roots(relations: Mapping[Table, Relation]) -> dict[Table, Table]:
    """The partitioned table that each partition belongs to: an index stands on that."""
    above = {part: table for table, each in relations.items() for part in each.partitions}

    def root(table: Table) -> Table:
        while table in above:
            table = above[table]
        return table

    return {table: root(table) for table in {*relations, *above}}


def plan(
    planner: Planner,
    statements: Sequence[Statement],
    samples: int,
    step: Callable[[], None] = lambda: None,
) -> tuple[list[Subject], list[Refused]]:
    """Plan every sample as the database is; a statement is a subject when any can be planned."""
    above = roots(planner.relations())
    subjects: list[Subject] = []
    refused: list[Refused] = []
    for statement in statements:
        planned: list[tuple[Sample, Plan]] = []
        failed: list[Refused] = []
        for sample in statement.samples[:samples]:
            found = planner.plan(sample)
            if isinstance(found, Refused):
                failed.append(found)
            else:
                planned.append((sample, found))
        if planned:
            subjects.append(
                Subject(
                    statement=statement,
                    samples=tuple(sample for sample, _ in planned),
                    plans=tuple(each for _, each in planned),
                    tables=tables((each for _, each in planned), above),
                    weight=statement.calls,
                )
            )
        refused += [replace(each, what=statement) for each in failed[:1]]
        step()
    return subjects, refused


def tables(plans: Iterator[Plan], above: Mapping[Table, Table]) -> frozenset[Table]:
    """The tables that plans read or write, partitions as the table that they are part of."""
    return frozenset(
        above.get(table, table)
        for each in plans
        for node, _ in nodes(each.root)
        if "Relation Name" in node
        for table in [Table(str(node.get("Schema", "public")), str(node["Relation Name"]))]
    )


def cascades(
    subjects: Sequence[Subject], relations: Mapping[Table, Relation]
) -> list[tuple[Statement, Subject]]:
    """The look-ups that DELETEs of referenced rows cause in the tables that refer to them.

    They are not in any plan: the triggers of a foreign key send them, one a deleted row.
    """
    found: list[tuple[Statement, Subject]] = []
    for subject in subjects:
        for node, _ in nodes(subject.plans[0].root):
            if node.get("Node Type") != "ModifyTable" or node.get("Operation") != "Delete":
                continue
            parent = Table(str(node.get("Schema", "public")), str(node.get("Relation Name", "")))
            rows = max(1.0, sum(float(each.get("Plan Rows", 1)) for each in node.get("Plans", ())))
            for child in relations.values():
                for columns, referenced, _ in child.foreign_keys:
                    if referenced == parent:
                        found.append(
                            (_lookup(child.table, columns, parent, subject, rows), subject)
                        )
    return found


def _lookup(
    child: Table, columns: Sequence[str], parent: Table, subject: Subject, rows: float
) -> Statement:
    condition = " AND ".join(
        f"x.{quoted(column)} = ${position}" for position, column in enumerate(columns, 1)
    )
    sql = f"SELECT 1 FROM ONLY {child} AS x WHERE {condition}"  # noqa: S608  quoted names
    return Statement(
        fingerprint=f"{subject.statement.fingerprint} {child} {','.join(columns)}",
        sql=f"/* a row of {parent} is deleted */ {sql}",
        samples=(Sample(sql, None),),
        calls=subject.weight * rows,
        call_sites=subject.statement.call_sites,
    )
