"""``Shell``: a click group that loads its commands late and tells errors in our words."""

import io
import os
import platform
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click
from click.exceptions import Exit

from querysafe.errors import QuerysafeError
from querysafe.exit_codes import ExitCode
from querysafe.options import did_you_mean

BROKEN_PIPE = 141
"""What a shell shows for a program that SIGPIPE ended: 128 + 13."""
INTERRUPTED = 130
"""The same for SIGINT."""
_ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class UnknownCommand(click.UsageError):
    """No command has the name that was given; the hint says which one has a similar name."""

    def __init__(self, message: str, ctx: click.Context, *, hint: str) -> None:
        super().__init__(message, ctx)
        self.hint = hint


class Shell(click.Group):
    """A group of commands.

    ``lazy`` maps names to their line of help; ``home`` is the package in which the module
    of that name holds the command of that name.
    """

    def __init__(
        self, *args: Any, lazy: Mapping[str, str] | None = None, home: str = "", **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.no_args_is_help = False
        self._lazy = dict(lazy or {})
        self._home = home

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, loaded or not."""
        return sorted({*super().list_commands(ctx), *self._lazy})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name in self._lazy:
            command = getattr(import_module(f"{self._home}.{_plain(cmd_name)}"), _plain(cmd_name))
            assert isinstance(command, click.Command)
            return command
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their line of help, loading none that is lazy."""
        rows = []
        for name in self.list_commands(ctx):
            if name in self._lazy:
                rows.append((name, self._lazy[name]))
            elif (command := self.get_command(ctx, name)) is not None:
                rows.append((name, command.get_short_help_str(limit=200)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names, or say which was meant."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            hint = did_you_mean(args[0], tuple(self.list_commands(ctx)))
            raise UnknownCommand(f'there is no command "{args[0]}"', ctx, hint=hint)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help when no command is named."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True, color=ctx.color)
            ctx.exit(ExitCode.USAGE)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        with _reader_may_leave():
            return super().invoke(ctx)

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Read the arguments, or show a help."""
        with _reader_may_leave():
            return super().make_context(*args, **more)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line, end the process with its status, and never show a traceback
        for what went wrong in a way that is known.
        """
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A name that the terminal's encoding has not is no reason to end without a word.
            sys.stdout.reconfigure(errors="backslashreplace")
        if os.environ.get("NO_COLOR"):
            extra.setdefault("color", False)
        secrets = _secrets_in(sys.argv[1:]) if args is None else ()
        try:
            # With arguments of its own it is called by a program that goes on.
            with cleaning_up(is_last=args is None):
                status = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except QuerysafeError as error:
            _say(error.message, error.hint)
            status = error.exit_status
        except OSError as error:
            stop_writing()
            _say(f"{error.filename or 'the result'}: {error.strerror or error}", None)
            status = ExitCode.FAILED
        except click.Abort:
            _say("interrupted", None)
            status = INTERRUPTED
        except click.ClickException as error:
            message, hint = _told(error)
            for secret in secrets:
                message = message.replace(secret, "***")
            _say(message, hint)
            status = error.exit_code if isinstance(error, click.UsageError) else ExitCode.FAILED
        sys.exit(status if isinstance(status, int) else ExitCode.OK)


def _plain(name: str) -> str:
    """The module and object of a command: ``wal_push`` for ``wal-push``."""
    return name.replace("-", "_")


def show_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    """Print our version and those that a report of a bug should name, and exit."""
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    from querysafe import __version__

    found = [f"Python {platform.python_version()}"]
    for distribution, name in (("sqlalchemy", "SQLAlchemy"), ("pytest", "pytest")):
        try:
            found.append(f"{name} {version(distribution)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    click.echo(f"querysafe {__version__} ({', '.join(found)})")
    ctx.exit()


@contextmanager
def _reader_may_leave() -> Iterator[None]:
    """End quietly when what we write to is closed, as ``querysafe rules | head -1`` does."""
    try:
        yield
        if sys.stdout is not None:  # it is closed as `>&-` does
            sys.stdout.flush()
    except BrokenPipeError:
        stop_writing()
        raise Exit(BROKEN_PIPE) from None


def stop_writing() -> None:
    """Let nothing that is left in a buffer be written at exit, into what takes no more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def complain(message: str) -> None:
    """Print to standard error; a status is no other one because nobody can read why."""
    try:
        click.echo(message, err=True)
    except OSError:
        stop_writing()


@contextmanager
def cleaning_up(*, is_last: bool = False) -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind what runs: children end, and unfinished files go.

    Where the process ends with the block (``is_last``), a signal after it changes nothing: the
    status says already how it went.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = {each: signal.getsignal(each) for each in _ENDING}
    for each in (signal.SIGTERM, signal.SIGHUP):
        if earlier[each] is not signal.SIG_IGN:
            signal.signal(each, _terminated)
    try:
        yield
    finally:
        if is_last:
            _ignore_signals()
        else:
            for each, handler in earlier.items():
                signal.signal(each, handler)


def settled() -> None:
    """Say that a command has done what it was to do: a signal is no reason to end otherwise."""
    if signal.getsignal(signal.SIGTERM) is _terminated:
        _ignore_signals()


def _ignore_signals() -> None:
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)


def _terminated(number: int, _frame: object) -> None:
    # A second signal must not end the tidying up that the first began.
    _ignore_signals()
    _say(f"ended by {signal.Signals(number).name}", None)
    raise SystemExit(128 + number)


def _secrets_in(arguments: Sequence[str]) -> Sequence[str]:
    """Warn of passwords in arguments, hide them, and return them."""
    if not any("@" in each or "password" in each for each in arguments):
        return ()
    from querysafe.postgres.arguments import hide_secrets

    found = hide_secrets(arguments)
    if found:
        click.echo(
            "warning: a password stands in an argument, where every user of the machine can read it"
            "\n  hint: leave it out; set PGPASSWORD, or use a passfile or a libpq service",
            err=True,
        )
    return found


def _say(message: str, hint: str | None) -> None:
    complain(f"{click.style('error:', fg='red', bold=True)} {message}")
    if hint:
        complain(f"  hint: {hint}")


def _told(error: click.ClickException) -> tuple[str, str | None]:
    """Message and hint of one of click's errors, in the form of ours."""
    message = error.format_message()
    hint = None
    if isinstance(error, click.NoSuchOption):
        message = f'there is no option "{error.option_name}"'
        if error.possibilities:
            hint = f'did you mean "{sorted(error.possibilities)[0]}"?'
    elif isinstance(error, UnknownCommand):
        hint = error.hint
    message = f"{message[:1].lower()}{message[1:]}".removesuffix(".")
    if hint is None and isinstance(error, click.UsageError) and error.ctx is not None:
        hint = f"see `{error.ctx.command_path.strip()} --help`"
    return message, hint
