"""The proof of a revision: up, down, up, once more over what is there; compared and rendered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from querysafe.advice.revision.catalog import nameless
from querysafe.advice.revision.deciding import Decided
from querysafe.advice.revision.errors import NotProven
from querysafe.advice.revision.heads import Base
from querysafe.advice.revision.project import Place, Project, WorkerFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the proof found."""

    steps: tuple[str, ...]
    notes: tuple[str, ...]
    sql: str


def prove(
    project: Project,
    place: Place,
    *,
    location: Path,
    generate: Mapping[str, Any],
    base: Base,
    decided: Decided,
    before: Sequence[str],
    overlay: Mapping[str, str],
    modelled: bool,
    prove: bool,
) -> tuple[Mapping[str, Any], Checked]:
    """Generate a revision into a folder outside the project and try it.

    ``before`` are the differences between models and database without it, ``overlay`` the
    edited sources of models. Raises :class:`NotProven`.
    """
    revision = generate["revision"]
    down = base.down or (f"{revision}@base" if base.others else "base")
    actions: list[tuple[str, Mapping[str, Any]]] = [("generate", generate)]
    if prove:
        up: tuple[str, Mapping[str, Any]] = ("upgrade", {"revision": revision})
        look: tuple[str, Mapping[str, Any]] = ("snapshot", {})
        actions += [look, up, look, ("downgrade", {"revision": down}), look, up, look]
        if base.down is not None:
            actions += [("stamp", {"revision": down}), up]
        actions += [look, ("differences", {})]
    actions.append(("sql", {"revision": revision, "start": base.down}))
    try:
        results = project.call(place, actions, location=location, overlay=overlay)
    except WorkerFailed as error:
        raise NotProven(f"nothing was written: {error.message}", hint=error.hint) from None
    generated, sql = results[0], results[-1]
    if not prove:
        return generated, Checked(steps=(), notes=("not proven",), sql=sql)
    seen = [
        result for (name, _), result in zip(actions, results, strict=True) if name == "snapshot"
    ]
    without, first, reverted, second, again = map(_indexes, seen)
    for state, when in (
        (first, "the upgrade"),
        (second, "the second upgrade"),
        (again, "a repeated upgrade"),
    ):
        _expect(decided, without, state, when)
    if reverted != without:
        changed = sorted(f"{name}" for _, name in _changed(without, reverted))
        raise NotProven(f"the downgrade does not bring back what was: {', '.join(changed)}")
    notes = _compared(decided, before, results[-2], modelled=modelled)
    steps = ["upgraded", "downgraded", "upgraded again", "run over itself"]
    steps.append("alembic check is clean of it" if modelled else "compared with the models")
    return generated, Checked(steps=(*steps, "rendered as SQL"), notes=notes, sql=sql)


Indexes = Mapping[tuple[str, str], tuple[str, bool]]


def _indexes(rows: Sequence[Sequence[Any]]) -> Indexes:
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}


def _changed(one: Indexes, other: Indexes) -> set[tuple[str, str]]:
    return {key for key in {*one, *other} if one.get(key) != other.get(key)}


def _expect(decided: Decided, without: Indexes, found: Indexes, when: str) -> None:
    """Every new index is there, valid, and is what was advised; every dropped one is gone."""
    for new in decided.work.creates:
        definition, valid = found.get((new.index.table.schema, new.name), ("", False))
        if not definition:
            raise NotProven(f'after {when} there is no index "{new.name}"')
        if not valid:
            raise NotProven(f'after {when} the index "{new.name}" is not valid')
        form = nameless(new.name, definition)
        if form != decided.forms[new.name]:
            raise NotProven(
                f'after {when} "{new.name}" is {form}, and advised was {decided.forms[new.name]}'
            )
    for gone in decided.work.drops:
        if (gone.index.table.schema, gone.name) in found:
            raise NotProven(f'after {when} the index "{gone.name}" is still there')
    lost = {key for key in without if key not in found}
    lost -= {(gone.index.table.schema, gone.name) for gone in decided.work.drops}
    if lost:
        raise NotProven(f"after {when} other indexes are gone: {', '.join(n for _, n in lost)}")


def _compared(
    decided: Decided, before: Sequence[str], after: Sequence[str], *, modelled: bool
) -> tuple[str, ...]:
    """Judge what ``alembic check`` finds now and did not find before."""
    ours = {new.name for new in decided.work.creates if not new.is_modelled}
    gone = {each.name for each in decided.work.drops}
    more = [line for line in after if line not in before]
    unknown = {line.partition(" ")[2] for line in before if line.startswith("remove_table ")}
    unexpected = []
    for line in more:
        sort, _, name = line.partition(" ")
        table, _, name = name.rpartition(".")
        if sort == "remove_index" and table in unknown:
            continue
        expected = (sort == "remove_index" and name in ours and not modelled) or (
            sort == "add_index" and name in gone
        )
        if not expected:
            unexpected.append(line)
    if unexpected:
        raise NotProven(f"alembic check finds what it did not find before: {'; '.join(unexpected)}")
    still = sorted(line for line in more if line.startswith("add_index"))
    return tuple(
        f"delete it from the models, too, or autogenerate brings it back: {line.split()[-1]}"
        for line in still
    )
