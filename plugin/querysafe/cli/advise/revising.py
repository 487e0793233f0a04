"""The part of ``querysafe advise`` that writes a revision: its options, and what it says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from querysafe.advice.advice import Advice
    from querysafe.advice.revision.project import Place
    from querysafe.advice.revision.write import Copy, Replan, Written

_PATH = click.Path(path_type=Path)
_OPTIONS = (
    click.option(
        "--revision",
        is_flag=True,
        help="Write the advice as an Alembic revision, proven on a throw-away server.",
    ),
    click.option(
        "--project",
        type=_PATH,
        metavar="FILE",
        help="Which alembic.ini, or pyproject.toml with [tool.alembic]; that of the current "
        "folder when left out.",
    ),
    click.option("--models", is_flag=True, help="Declare the indexes in the models, too."),
    click.option("--message", metavar="TEXT", help="First line of the revision."),
    click.option("--head", metavar="REVISION", help="Which head to follow, where there are more."),
    click.option("--branch-label", metavar="LABEL", help="Label of a branch that begins here."),
    click.option(
        "--version-path", type=_PATH, metavar="FOLDER", help="Which of several version locations."
    ),
    click.option(
        "--drop-redundant",
        is_flag=True,
        help="Drop the indexes that the new ones make redundant; a downgrade creates them again.",
    ),
    click.option("--diff", is_flag=True, help="Show what would be written, and write nothing."),
    click.option("--no-proof", is_flag=True, help="Write without trying it first."),
)
_NEEDED = "project models message head branch_label version_path drop_redundant diff no_proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The values of these options."""

    revision: bool
    project: Path | None
    models: bool
    message: str | None
    head: str | None
    branch_label: str | None
    version_path: Path | None
    drop_redundant: bool
    diff: bool
    no_proof: bool


def revision_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options; it gets them as ``revising``, an :class:`Asked`.

    It is the decorator next to the function.
    """

    @wraps(function)
    def collected(**given: Any) -> Any:
        asked = Asked(**{name: given.pop(name) for name in ("revision", *_NEEDED.split())})
        if not asked.revision:
            for name in _NEEDED.split():
                if getattr(asked, name):
                    flag = "--" + name.replace("_", "-")
                    raise click.UsageError(f"{flag} says something of a revision: add --revision")
        return function(**given, revising=asked)

    command: Callable[..., Any] = collected
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def revise(
    advice: "Advice",
    asked: Asked,
    *,
    replan: "Replan | None" = None,
    copy: "Copy | None" = None,
) -> "Written":
    """Write the revision, and say on standard error what was done; ``--diff`` prints it.

    Raises :class:`~querysafe.advice.revision.errors.RevisionError`.
    """
    from querysafe.advice.revision.project import Project
    from querysafe.advice.revision.write import Wish, write_revision

    project = Project.find(asked.project)
    wish = Wish(
        message=asked.message,
        head=asked.head,
        branch_label=asked.branch_label,
        version_path=asked.version_path,
        models=asked.models,
        drop_redundant=asked.drop_redundant,
        prove=not asked.no_proof,
        dry_run=asked.diff,
    )
    written = write_revision(advice, project, wish, replan=replan, copy=copy)
    for line in _told(written, asked):
        click.echo(line, err=True)
    if asked.diff:
        click.echo(written.diff(), nl=False)
    return written


def _told(written: "Written", asked: Asked) -> Sequence[str]:
    would = "would be " if asked.diff else ""
    lines = [f'"{_short(written.path)}" {would or "is "}written']
    lines += [f'"{_short(each.path)}" {would or "is "}edited' for each in written.models]
    if written.steps:
        lines.append(f"proven on a throw-away server: {', '.join(written.steps)}")
    lines += [f"note: {note}" for note in written.notes]
    return [*lines, *written.paste]


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def replanned(
    database: str, statistics: Path | None, rows: int | dict[str, int] | None
) -> "Replan":
    """Plan the workload once more on the migrated throw-away database, which then has the indexes
    as the revision made them, with the sizes and statistics that the advice was made from.
    """

    def replan(place: "Place", advice: "Advice", names: Mapping[str, str]) -> Sequence[str]:
        from querysafe.cli.advise.opening import opened

        url = place.url()
        with opened(url, statistics, rows, "server", like=database) as planner:
            return unused(advice, planner, names)

    return replan


def copied(database: str) -> "Copy":
    """Make the throw-away database anew, with the schema of the database advised on."""

    def copy(place: "Place") -> None:
        from dataclasses import replace

        from psycopg import sql

        from querysafe.advice.planning.copying import copy_schema
        from querysafe.advice.revision.write import connected
        from querysafe.postgres.target import Target

        name = sql.Identifier(place.dbname)
        with connected(replace(place, dbname="postgres")) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        copy_schema(Target.parse(database), Target.parse(place.url()))

    return copy


def unused(advice: "Advice", planner: Any, names: Mapping[str, str]) -> list[str]:
    """Say which indexes no plan of their own statements uses."""
    from querysafe.advice.planner import Plan

    wrong = []
    for advised in advice.indexes:
        name = names.get(advised.name)
        effects = [each for each in advice.effects if advised.name in each.indexes]
        statements = [each.statement for each in (effects or advised.evidence)]
        plans = [planner.plan(sample) for each in statements for sample in each.samples]
        made = [plan for plan in plans if isinstance(plan, Plan)]
        if name is not None and made and not any(name in plan.indexes for plan in made):
            wrong.append(f'no plan of its {len(statements)} statements uses "{name}"')
    return wrong
