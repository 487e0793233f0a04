"""Where backups live: a directory or an S3 bucket, behind one contract."""

from pathlib import Path
from urllib.parse import urlsplit

from querysafe.backup.errors import RepositoryError
from querysafe.backup.repository.contract import Entry, Repository, Writer

__all__ = ["Entry", "Repository", "Writer", "open_repository"]


def open_repository(location: str, *, create: bool = False) -> Repository:
    """Open ``/var/backups/shop``, ``file:///var/backups/shop`` or ``s3://bucket/prefix``.

    With ``create`` a directory is made when it is missing; a bucket never is. Raises
    :class:`RepositoryError` when the location cannot be understood or reached.
    """
    if not location.strip():
        raise RepositoryError(
            "the repository has no name", hint="is the variable that it stands in set?"
        )
    scheme = urlsplit(location).scheme if "://" in location else ""
    if scheme == "s3":
        from querysafe.backup.repository.s3 import S3Repository

        return S3Repository.at(location)
    if scheme in ("", "file"):
        from querysafe.backup.repository.directory import DirectoryRepository

        path = urlsplit(location).path if scheme else location
        return DirectoryRepository.at(Path(path).expanduser(), create=create)
    raise RepositoryError(
        f'"{scheme}://" is no kind of repository', hint="write a directory or s3://bucket/prefix"
    )
