"""The boto3 client of an S3 repository, and how long it waits; credentials come from ``AWS_*``."""

from dataclasses import dataclass
from typing import Any

from querysafe.backup.errors import RepositoryError


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a silent store is waited for."""

    connect_seconds: float = 5
    read_seconds: float = 15
    """Without a single byte; a slow store that answers is never cut off."""
    attempts: int = 3


MUCH_PATIENCE = Patience(read_seconds=300, attempts=2)
"""For completing an upload: some stores are silent while they put thousands of parts together."""
NO_PATIENCE = Patience(connect_seconds=2, read_seconds=4, attempts=2)
"""For tidying up after the store has failed: what stays is swept by the next backup."""


def client_of(patience: Patience) -> Any:
    """Make a client. Raises :class:`RepositoryError`."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise RepositoryError(
            "boto3 is not installed", hint="pip install 'querysafe[backup]'"
        ) from None
    config = Config(
        connect_timeout=patience.connect_seconds,
        read_timeout=patience.read_seconds,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        # Stores other than AWS's own trip over the trailing checksums that boto3 adds. Ours
        # are in the manifest, and what was stored is read back.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        return boto3.session.Session().client("s3", config=config)
    except Exception as error:
        raise RepositoryError(
            f"no S3 client could be made: {type(error).__name__}",
            hint="look at AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL_S3",
        ) from None
