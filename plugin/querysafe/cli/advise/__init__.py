"""``querysafe advise``: which indexes a workload wants, and what belongs to that."""

import click

from querysafe.cli.shell import Shell

COMMANDS: dict[str, str] = {
    "lint-revisions": "Judge hand-written Alembic revisions before they run.",
    "stats": "Take planner statistics from production, without a row of it.",
}
"""Command to its line in ``querysafe advise --help``."""

_SOURCES = "sources"
"""The command that runs when the first word names no other."""


class Advise(Shell):
    """Takes sources of queries where a group takes the name of a command."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; a word that names none is a source."""
        found = super().get_command(ctx, cmd_name)
        if found is None:
            from querysafe.cli.advise.sources import sources as found
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give everything but the name of a command to the command that takes sources."""
        if args and args[0] not in (*self.list_commands(ctx), *ctx.help_option_names):
            args = [_SOURCES, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; what takes sources is called as the group is."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == _SOURCES else name), command, rest

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show how sources are advised on, then the commands."""
        command = self.get_command(ctx, _SOURCES)
        assert command is not None
        inner = click.Context(command, parent=ctx.parent, info_name=ctx.info_name)
        command.format_usage(inner, formatter)
        command.format_help_text(inner, formatter)
        command.format_options(inner, formatter)
        self.format_commands(ctx, formatter)
        command.format_epilog(inner, formatter)


advise = Advise(
    "advise",
    lazy=COMMANDS,
    home="querysafe.cli.advise",
    help="Advise on indexes for a whole workload.",
)

__all__ = ["COMMANDS", "advise"]
