"""From an advice to a proven revision in the project, or to an error and nothing written."""

import difflib
import os
import secrets
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from querysafe.advice.advice import Advice
from querysafe.advice.revision import body, catalog, landing, proof
from querysafe.advice.revision.deciding import Decided, decide
from querysafe.advice.revision.errors import NotProven, RevisionError
from querysafe.advice.revision.evidence import evidence
from querysafe.advice.revision.heads import Base, choose
from querysafe.advice.revision.models.sources import Edited, edit_models
from querysafe.advice.revision.project import Place, Project, WorkerFailed
from querysafe.advice.revision.work import Work

Replan = Callable[[Place, Advice, Mapping[str, str]], Sequence[str]]
"""Plans the workload anew on the migrated database and says what is wrong.

The mapping gives each advised index its name in the revision."""
Copy = Callable[[Place], None]
"""Puts the schema of the database that was advised on into an empty one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user asks for."""

    message: str | None = None
    """First line of the revision; None: made from the tables."""
    head: str | None = None
    branch_label: str | None = None
    version_path: Path | None = None
    models: bool = False
    drop_redundant: bool = False
    prove: bool = True
    dry_run: bool = False
    """Prove it, show it, and write nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The revision, and what was done to which file."""

    revision: str
    path: Path
    """Where it is, or would be with ``dry_run``."""
    source: str
    models: tuple[Edited, ...] = ()
    """Files of models that were edited."""
    paste: tuple[str, ...] = ()
    """Lines for the models that could not be written: each says where it belongs."""
    notes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    """What was proven, in words; empty without a proof."""
    sql: str = ""
    """What ``alembic upgrade --sql`` prints for it."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Name of an advised index to its name in the revision."""

    def diff(self) -> str:
        """All that is new, as a unified diff."""
        parts = [_diff(None, self.source, self.path)]
        parts += [_diff(each.before, each.after, each.path) for each in self.models]
        return "".join(parts)


def write_revision(
    advice: Advice,
    project: Project,
    wish: Wish | None = None,
    *,
    place: Place | None = None,
    replan: Replan | None = None,
    copy: Copy | None = None,
) -> Written:
    """Write one revision for an advice, after its proof on a throw-away server.

    ``place`` is an empty database to try on; without it a server of our own is started. Where
    the project's migrations do not run on an empty database, it is tried on what ``copy`` makes.
    Raises :class:`RevisionError` (:class:`NotProven` when the proof failed) and leaves the
    project as it was.
    """
    wish = wish or Wish()
    if not advice.indexes and not (wish.drop_redundant and advice.remarks):
        raise RevisionError("no index is advised: there is no revision to write")
    if place is not None:
        return _write(advice, project, wish, place, replan, copy)
    with throw_away() as made:
        return _write(advice, project, wish, made, replan, copy)


def _write(
    advice: Advice,
    project: Project,
    wish: Wish,
    place: Place,
    replan: Replan | None,
    copy: Copy | None,
) -> Written:
    answers, begun = _begin(advice, project, wish, place, copy)
    heads, head, locations, template, *_, facts, before = answers
    base = choose(heads, head if wish.head else None, locations, wish.head, wish.version_path)
    if not wish.dry_run:
        landing.assure(base.location)
    with connected(place) as connection:
        found = catalog.read(connection)
        decided = decide(advice, facts, found, connection, drop_redundant=wish.drop_redundant)
    edits, paste = edit_models(decided.work, facts) if wish.models else ((), ())
    message = wish.message or _message(decided.work)
    revision = uuid.uuid4().hex[-12:]
    with tempfile.TemporaryDirectory(prefix="querysafe-revision-") as folder:
        generated, checked = proof.prove(
            project,
            place,
            location=Path(folder),
            generate={
                "revision": revision,
                "message": message,
                "head": base.head,
                "branch_label": wish.branch_label,
                "upgrades": body.upgrade(decided.work),
                "downgrades": body.downgrade(decided.work),
                "imports": ""
                if "import sqlalchemy as sa" in template
                else "import sqlalchemy as sa",
                "template_args": facts["template_args"],
                "evidence": evidence(advice, decided.work),
            },
            base=base,
            decided=decided,
            before=before,
            overlay={str(each.path): each.after for each in edits},
            modelled=wish.models and not paste,
            prove=wish.prove,
        )
        names = {
            new.advised.name: new.name for new in decided.work.creates if new.advised is not None
        }
        if wish.prove and replan is not None and (wrong := list(replan(place, advice, names))):
            raise NotProven("re-planned, the advice does not hold: " + "; ".join(wrong))
        source = Path(generated["path"]).read_text(encoding="utf-8")
        target = base.location / Path(generated["path"]).relative_to(folder)
    if not wish.dry_run:
        landing.land([(each.path, each.before, each.after) for each in edits], target, source)
    return Written(
        revision=revision,
        path=target,
        source=source,
        models=edits,
        paste=paste,
        notes=(*begun, *decided.notes, *_unmodelled(decided, facts, wish), *checked.notes),
        steps=(*checked.steps, *(("re-planned",) if wish.prove and replan else ())),
        sql=checked.sql,
        names=names,
    )


def _begin(
    advice: Advice, project: Project, wish: Wish, place: Place, copy: Copy | None
) -> tuple[list[Any], list[str]]:
    """Bring the throw-away database to the project's heads, and ask what is there; with notes."""
    tables = sorted({(each.index.table.schema, each.index.table.name) for each in advice.indexes})

    def asked(first: tuple[str, Mapping[str, Any]]) -> list[Any]:
        return project.call(
            place,
            [
                ("heads", {}),
                *((("resolve", {"head": wish.head}),) if wish.head else (("heads", {}),)),
                ("locations", {}),
                ("template", {}),
                first,
                ("facts", {"tables": tables}),
                ("differences", {}),
            ],
        )

    if not wish.prove:
        return asked(("create_all", {})), []
    try:
        return asked(("upgrade", {"revision": "heads"})), []
    except WorkerFailed as error:
        if error.action != "upgrade" or copy is None:
            raise
        copy(place)
        why = f"{error.message}: proven on a copy of the schema of the database instead"
        return asked(("stamp", {"revision": "heads"})), [why]


def _message(work: Work) -> str:
    tables = sorted({new.index.table.name for new in (*work.creates, *work.drops)})
    named = ", ".join(tables) if len(tables) <= 3 else f"{len(tables)} tables"
    return f"indexes of {named}"


def _unmodelled(decided: Decided, facts: Mapping[str, Any], wish: Wish) -> list[str]:
    missing = [new.name for new in decided.work.creates if not new.is_modelled]
    if wish.models or not missing or not facts["has_metadata"]:
        return []
    return [
        f"the models do not declare {', '.join(missing)}: the next `alembic revision "
        "--autogenerate` would drop them again; --models writes them there"
    ]


def _diff(before: str | None, after: str, path: Path) -> str:
    shown = os.path.relpath(path)
    return "".join(
        difflib.unified_diff(
            [] if before is None else before.splitlines(keepends=True),
            after.splitlines(keepends=True),
            "/dev/null" if before is None else f"a/{shown}",
            f"b/{shown}",
        )
    )


@contextmanager
def throw_away(*, kind: str = "auto", bin_directory: Path | None = None) -> Iterator[Place]:
    """A server of our own with one empty database of a random name."""
    from querysafe.postgres import server

    with server(kind=kind, bin_directory=bin_directory) as cluster:
        name = f"querysafe_proof_{secrets.token_hex(6)}"
        cluster.create_database(name)
        yield Place(
            host=cluster.host,
            port=cluster.port,
            user="postgres",
            password=cluster.password,
            dbname=name,
        )


@contextmanager
def connected(place: Place) -> Iterator[Any]:
    """A psycopg connection to the throw-away database, in autocommit."""
    import psycopg

    with psycopg.connect(place.url(), autocommit=True, connect_timeout=20) as connection:
        yield connection


__all__ = ["Base", "Replan", "Wish", "Written", "connected", "throw_away", "write_revision"]
