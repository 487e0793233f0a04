"""``querysafe backup list``: what a repository holds."""

import click

from querysafe.cli.backup import engine, options

_EPILOG = """\b
Exit status:
  0  the repository was read, whatever it holds
  3  it could not be read

\b
Examples:
  querysafe backup list --repository /var/backups
  querysafe backup list --repository s3://backups/shop --format json | jq '.[0].id'
"""


@engine.on_engine(engine.list_backups)
@click.command("list", epilog=_EPILOG)
@options.repository
@options.form
def list(repository: str, form: str) -> None:
    """List the backups of a repository, newest first.

    A backup is ok when its manifest is sound and every part has its size; `verify` reads
    the bytes. Damaged and unfinished ones are listed too, with what is wrong.
    """
    from querysafe.backup.catalog import listing
    from querysafe.cli.backup.described import line, row

    found = listing(options.opened(repository))
    options.say(
        form, [row(each) for each in found], [line(each) for each in found] or ["no backup"]
    )
