"""``querysafe backup``: a group that an application may mount into its own click group."""

from querysafe.cli.shell import Shell

COMMANDS: dict[str, str] = {
    "create": "Back up a database.",
    "drill": "Restore a backup elsewhere and look at everything.",
    "expire": "Delete the backups that the retention does not keep.",
    "list": "List the backups of a repository.",
    "lock": "Forbid retention to delete a backup.",
    "restore": "Restore a backup: a database, or a cluster at any moment.",
    "restore-point": "Name the present moment, to restore to it later.",
    "retention": "Say which of some times a retention keeps.",
    "show": "Show all that is known of one backup.",
    "unlock": "Let retention decide on a backup again.",
    "verify": "Check every byte of a backup.",
    "wal-fetch": "Fetch a file of the WAL archive: a restore_command.",
    "wal-push": "Archive a file of the WAL: an archive_command.",
    "wal-receive": "Receive the WAL as it is written, and archive it.",
}
"""Command to its line in ``querysafe backup --help``."""

_EPILOG = """\b
Exit status:
  0   it was done
  1   what was looked at is not as it should be
  2   an option or an argument is wrong
  3   it could not be done: the server, the repository or a program failed
  75  the same work is being done already

\b
Examples:
  querysafe backup create --database postgresql://shop@db/shop --repository s3://backups/shop
  querysafe backup restore --repository s3://backups/shop --target postgresql://shop@db/shop_new
"""

backup = Shell(
    "backup",
    lazy=COMMANDS,
    home="querysafe.cli.backup",
    epilog=_EPILOG,
    help="""Back up a PostgreSQL database, and prove that the backup restores.

    Passwords come from PGPASSWORD, a passfile or a libpq service, keys of S3 from AWS_*;
    neither ever stands in an argument, a log or a repository.
    """,
)

__all__ = ["COMMANDS", "backup"]
