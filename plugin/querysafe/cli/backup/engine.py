"""``--engine``: the same commands on the backups of pgBackRest or Barman."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from querysafe.backup.engine import ENGINES, Engine, Held, engine
from querysafe.backup.errors import BackupError
from querysafe.cli.backup import options
from querysafe.exit_codes import ExitCode

Act = Callable[[Engine, dict[str, Any]], None]


def on_engine(act: Act, *, goes: tuple[str, ...] = ()) -> Callable[[click.Command], click.Command]:
    """Give a command ``--engine``; with it ``act`` is done, and no repository is needed.

    ``goes`` are the options that an engine understands; any other that is given is refused.
    """

    def decorate(command: click.Command) -> click.Command:
        needed = {each.name: each for each in command.params if each.required}
        for each in needed.values():
            each.required = False
        plain = command.callback
        assert plain is not None

        @wraps(plain)
        def run(
            *, engine_kind: str | None, stanza: str | None, engine_config: Path | None, **given: Any
        ) -> None:
            context = click.get_current_context()
            if engine_kind is None:
                for name, parameter in needed.items():
                    if given.get(str(name)) is None:
                        raise click.MissingParameter(ctx=context, param=parameter)
                plain(**given)
                return
            if stanza is None:
                raise click.UsageError(
                    "--engine needs --stanza, the stanza of pgBackRest, or --server-name of Barman"
                )
            _refuse_others(context, command, engine_kind, goes)
            act(engine(engine_kind, stanza, engine_config), given)

        command.callback = run
        command.params += _options()
        return command

    return decorate


def _options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--engine", "engine_kind"],
            type=click.Choice(ENGINES),
            help="Instead of a repository, the backups of an engine that you run already.",
        ),
        click.Option(
            ["--stanza", "--server-name", "stanza"],
            metavar="NAME",
            help="Of the engine: the stanza of pgBackRest, the server of Barman.",
        ),
        click.Option(
            ["--engine-config"],
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Configuration file of the engine, where it is not the usual one.",
        ),
    ]


def _refuse_others(
    context: click.Context, command: click.Command, kind: str, goes: tuple[str, ...]
) -> None:
    own = {"engine_kind", "stanza", "engine_config", "form", *goes}
    typed = (click.core.ParameterSource.COMMANDLINE,)
    for parameter in command.params:
        name = str(parameter.name)
        if name not in own and context.get_parameter_source(name) in typed:
            raise BackupError(
                f"{parameter.opts[0]} does not go with --engine {kind}",
                hint=f"leave it out; {kind} decides that by its own configuration",
            )


def list_backups(chosen: Engine, given: dict[str, Any]) -> None:
    """``list``."""
    found = chosen.backups()
    options.say(
        given["form"],
        [row(chosen, each) for each in found],
        [line(each) for each in found] or ["no backup"],
    )


def create(chosen: Engine, given: dict[str, Any]) -> None:
    """``create``."""
    made = chosen.create(incremental=given["incremental"])
    options.announce(given["form"], row(chosen, made), [line(made)])


def verify(chosen: Engine, given: dict[str, Any]) -> None:
    """``verify``."""
    held = chosen.find(given["backup_id"])
    problems = chosen.verify(held.id)
    content = {"id": held.id, "sound": not problems, "problems": list(problems)}
    options.say(given["form"], content, problems or [f"{held.id} is sound, says {chosen.program}"])
    if problems:
        sys.exit(ExitCode.FINDINGS)


def drill(chosen: Engine, given: dict[str, Any]) -> None:
    """``drill``."""
    from querysafe.backup.engine.drill import drill as hold

    result = hold(
        chosen, given["backup_id"], smoke=given["smoke"], bin_directory=given["bin_directory"]
    )
    lines = [f"{check.outcome:7}  {check.name:12} {check.detail}" for check in result.checks]
    verdict = "passed" if result.passed else "failed"
    rto = "-" if result.restore_seconds is None else f"{result.restore_seconds:.1f} s"
    lines.append(f"{result.backup} {verdict}: RTO {rto}, RPO {result.age_seconds:.0f} s")
    options.say(given["form"], result.to_json(), lines)
    if not result.passed:
        sys.exit(ExitCode.FINDINGS)


def status(chosen: Engine, given: dict[str, Any]) -> None:
    """``status``."""
    from querysafe.backup.engine.standing import look
    from querysafe.backup.standing import Promise
    from querysafe.cli.backup.status import report

    promise = Promise(max_base_age=given["max_base_age"])
    report(look(chosen, promise, now=datetime.now(UTC)), given["textfile"], given["form"])


def row(chosen: Engine, held: Held) -> dict[str, Any]:
    """One element of the list, with the names that ours have."""
    return {
        "id": held.id,
        "status": held.status,
        "problem": held.problem or None,
        "kind": "base",
        "engine": chosen.program,
        "name": chosen.name,
        "time": held.started.isoformat(),
        "ended": held.ended.isoformat() if held.ended else None,
        "server_version": held.server_version,
        "parent": held.parent,
        "size": held.size,
        "raw_size": held.raw_size,
    }


def line(held: Held) -> str:
    """One line of the list."""
    size = "-" if held.size is None else options.size(held.size)
    words = [held.id, f"{held.status:10}", f"{size:>10}", held.problem]
    return "  ".join(filter(None, words)).rstrip()
