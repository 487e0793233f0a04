"""A repository in an S3-compatible bucket, by boto3; credentials come from ``AWS_*`` only."""

import io
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from types import TracebackType
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from querysafe.backup.errors import BackupError, ObjectExists, ObjectMissing, RepositoryError
from querysafe.backup.repository.contract import Entry, Repository, Writer

PART_BYTES = 16 * 2**20
DOUBLED_EVERY = 1000
"""Parts after which their size doubles: 10,000 parts then reach far beyond 5 TiB."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_MISSING = ("404", "NoSuchKey", "NotFound")
_TAKEN = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")


class S3Repository(Repository):
    """Objects below one prefix of a bucket."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self.location = f"s3://{bucket}/{prefix}".rstrip("/")

    @classmethod
    def at(cls, location: str) -> "S3Repository":
        """Use ``s3://bucket/prefix``. Raises :class:`RepositoryError` when it is out of reach."""
        parts = urlsplit(location)
        if not parts.netloc or "@" in parts.netloc or parts.query:
            raise RepositoryError(
                f'"s3://{parts.hostname or ""}" names no bucket',
                hint="write s3://bucket/prefix; credentials come from AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, the endpoint from AWS_ENDPOINT_URL_S3",
            )
        repository = cls(_client(), parts.netloc, parts.path.strip("/"))
        with repository._told(""):
            repository._client.head_bucket(Bucket=repository._bucket)
        return repository

    def create(self, name: str) -> Writer:
        """Upload in parts; nothing is visible before the last one."""
        if self.exists(name):
            raise ObjectExists(f'"{name}" exists in "{self.location}" already')
        return _Upload(self, self._key(name), name)

    def put_once(self, name: str, data: bytes) -> None:
        """Put with ``If-None-Match: *``, after a look, since some stores ignore the header."""
        if self.exists(name):
            raise ObjectExists(f'"{name}" exists in "{self.location}" already')
        with self._told(name):
            self._client.put_object(
                Bucket=self._bucket, Key=self._key(name), Body=data, IfNoneMatch="*"
            )
        if self.read(name) != data:
            raise ObjectExists(f'"{name}" was written to "{self.location}" by somebody else')

    def replace(self, name: str, data: bytes) -> None:
        """Put over what is there."""
        with self._told(name):
            self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=data)

    def open(self, name: str) -> BinaryIO:
        """Get the object as a stream."""
        with self._told(name):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
        stream = _Download(self, name, answer["Body"], answer["ContentLength"])
        return cast("BinaryIO", io.BufferedReader(stream, 2**20))

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """List the bucket, page by page."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._told(prefix):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                for each in page.get("Contents", ()):
                    yield Entry(
                        name=each["Key"].removeprefix(self._prefix),
                        size=each["Size"],
                        modified=each["LastModified"],
                    )

    def delete(self, name: str) -> None:
        """Delete the object."""
        with self._told(name):
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def exists(self, name: str) -> bool:
        """Ask for the object's head."""
        try:
            with self._told(name):
                self._client.head_object(Bucket=self._bucket, Key=self._key(name))
        except ObjectMissing:
            return False
        return True

    def sweep(self, before: datetime) -> tuple[str, ...]:
        """Abort uploads below the prefix that began earlier and were never completed."""
        swept: list[str] = []
        pages = self._client.get_paginator("list_multipart_uploads")
        with self._told(""):
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for each in page.get("Uploads", ()):
                    if each["Initiated"] < before:
                        self._client.abort_multipart_upload(
                            Bucket=self._bucket, Key=each["Key"], UploadId=each["UploadId"]
                        )
                        swept.append(each["Key"].removeprefix(self._prefix))
        return tuple(sorted(swept))

    def _key(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise RepositoryError(f'"{name}" is no name of an object')
        return self._prefix + name

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Say an error of the store in our words: its code and name, never what was sent."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
        from urllib3.exceptions import HTTPError

        about = f'"{name}" in "{self.location}"' if name else f'"{self.location}"'
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            if name and code in _MISSING:
                raise ObjectMissing(f"{about} does not exist") from None
            if name and code in _TAKEN:
                raise ObjectExists(f"{about} exists already") from None
            raise RepositoryError(
                f"the store refused {about}: {code} ({error.operation_name})", hint=_hint(code)
            ) from None
        except (BotoCoreError, Boto3Error, HTTPClientError, HTTPError, OSError) as error:
            raise RepositoryError(
                f"the store of {about} failed: {type(error).__name__}",
                hint="look at AWS_ENDPOINT_URL_S3, the credentials and the network",
            ) from None


class _Upload(Writer):
    """A multipart upload with one part on its way while the next is filled."""

    def __init__(self, repository: S3Repository, key: str, name: str) -> None:
        self._repository = repository
        self._where = {"Bucket": repository._bucket, "Key": key}
        self._name = name
        self._buffer = bytearray()
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="querysafe-upload")
        self._pending: Future[Any] | None = None

    def write(self, data: bytes | memoryview) -> int:
        self._buffer += data
        size = PART_BYTES << (len(self._parts) // DOUBLED_EVERY)
        while len(self._buffer) >= size:
            with memoryview(self._buffer) as view:
                part = bytes(view[:size])
            del self._buffer[:size]
            self._send(part)
        return len(data)

    def _send(self, part: bytes) -> None:
        self._settle()
        with self._repository._told(self._name):
            if self._id is None:
                begun = self._repository._client.create_multipart_upload(**self._where)
                self._id = begun["UploadId"]
        self._parts.append({"PartNumber": len(self._parts) + 1})
        self._pending = self._pool.submit(
            self._repository._client.upload_part,
            **self._where,
            UploadId=self._id,
            PartNumber=len(self._parts),
            Body=part,
        )

    def _settle(self) -> None:
        if self._pending is not None:
            pending, self._pending = self._pending, None
            with self._repository._told(self._name):
                self._parts[-1]["ETag"] = pending.result()["ETag"]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._complete()
        except BaseException:
            kind = BackupError
            raise
        finally:
            if kind is not None:
                self._abort()
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _complete(self) -> None:
        client = self._repository._client
        if self._id is None:
            with self._repository._told(self._name):
                client.put_object(**self._where, Body=bytes(self._buffer))
            return
        if self._buffer:
            self._send(bytes(self._buffer))
        self._settle()
        with self._repository._told(self._name):
            client.complete_multipart_upload(
                **self._where, UploadId=self._id, MultipartUpload={"Parts": self._parts}
            )

    def _abort(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            with suppress(Exception):
                self._pending.result()
        if self._id is not None:
            with suppress(Exception):
                self._repository._client.abort_multipart_upload(**self._where, UploadId=self._id)


class _Download(io.RawIOBase):
    """The body of an answer as a file; a connection that was cut is an error, not an end."""

    def __init__(self, repository: S3Repository, name: str, body: Any, size: int) -> None:
        self._repository = repository
        self._name = name
        self._body = body
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._repository._told(self._name):
            data = self._body.read(len(buffer))
        if not data and self._left > 0:
            raise RepositoryError(f'"{self._name}" ended {self._left} bytes too early')
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()


def _client() -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise RepositoryError(
            "boto3 is not installed", hint="pip install 'querysafe[backup]'"
        ) from None
    config = Config(
        connect_timeout=10,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 4},
        # Stores other than AWS's own trip over the trailing checksums that boto3 adds.
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


def _hint(code: str) -> str | None:
    return {
        "404": "create the bucket, or name another",
        "NoSuchBucket": "create the bucket, or name another",
        "403": "the credentials in AWS_* may not do this",
        "AccessDenied": "the credentials in AWS_* may not do this",
        "InvalidAccessKeyId": "look at AWS_ACCESS_KEY_ID",
        "SignatureDoesNotMatch": "look at AWS_SECRET_ACCESS_KEY",
    }.get(code)
