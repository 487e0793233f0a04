"""What can go wrong with a backup, each with its own word."""

from querysafe.errors import QuerysafeError


class BackupError(QuerysafeError):
    """the backup failed"""

    slug = "backup"


class RepositoryError(BackupError):
    """the repository cannot be read or written"""

    slug = "repository"


class ObjectMissing(RepositoryError):
    """the repository has no such object"""


class ObjectExists(RepositoryError):
    """the repository has such an object already"""


class ManifestError(BackupError):
    """a manifest is not what it says it is"""


class DamagedBackup(BackupError):
    """a backup's bytes are not those that were stored"""


class RetentionError(BackupError):
    """what to keep cannot be decided"""

    slug = "retention"


class KeyMissing(BackupError):
    """an encrypted backup cannot be read without its key"""

    slug = "encryption"


class Busy(BackupError):
    """another backup or restore of the same database is running"""

    exit_status = 75


class RestoreRefused(BackupError):
    """the restore was refused before anything was touched"""
