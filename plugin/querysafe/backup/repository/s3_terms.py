"""How objects are to lie in a bucket: encrypted by the store, in a class, under a lock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from querysafe.backup.errors import RepositoryError

_ENCRYPTIONS = ("AES256", "aws:kms", "aws:kms:dsse")
_LOCKS = ("GOVERNANCE", "COMPLIANCE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the query of ``s3://bucket/prefix?sse=aws:kms&kms_key=…`` asks of the store.

    The names of the values are those of S3's own interface (*PutObject*).
    """

    sse: str | None = None
    kms_key: str | None = None
    storage_class: str | None = None
    lock_days: int | None = None
    """Days for which nobody may delete a part or a manifest; the bucket needs object lock."""
    lock_mode: str = "GOVERNANCE"

    @classmethod
    def parse(cls, query: str) -> "Terms":
        """Read the query of a location. Raises :class:`RepositoryError` naming what is wrong."""
        given = dict(parse_qsl(query, keep_blank_values=True))
        days = given.pop("lock_days", None)
        unknown = sorted(set(given) - {"sse", "kms_key", "storage_class", "lock_mode"})
        if unknown:
            raise RepositoryError(
                f'an S3 repository has no option "{unknown[0]}"',
                hint="write s3://bucket/prefix?storage_class=STANDARD_IA&sse=aws:kms&kms_key=…"
                "&lock_days=30&lock_mode=GOVERNANCE",
            )
        if days is not None and not (days.isascii() and days.isdigit() and int(days) > 0):
            raise RepositoryError(f'"lock_days={days}" is no number of days')
        terms = cls(**given, lock_days=int(days) if days else None)
        if terms.sse is not None and terms.sse not in _ENCRYPTIONS:
            raise RepositoryError(f'"sse={terms.sse}" is none of {", ".join(_ENCRYPTIONS)}')
        if terms.lock_mode not in _LOCKS:
            raise RepositoryError(f'"lock_mode={terms.lock_mode}" is none of {", ".join(_LOCKS)}')
        return terms

    def of_object(self) -> dict[str, Any]:
        """What goes with a part or a manifest."""
        terms = self.of_note()
        if self.storage_class is not None:
            terms["StorageClass"] = self.storage_class
        if self.lock_days is not None:
            terms["ObjectLockMode"] = self.lock_mode
            terms["ObjectLockRetainUntilDate"] = datetime.now(UTC) + timedelta(days=self.lock_days)
        return terms

    def of_note(self) -> dict[str, Any]:
        """What goes with a small object that is written over and over."""
        terms: dict[str, Any] = {}
        if self.sse is not None:
            terms["ServerSideEncryption"] = self.sse
        if self.kms_key is not None:
            terms["SSEKMSKeyId"] = self.kms_key
        return terms
