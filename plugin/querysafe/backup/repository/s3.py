"""A repository in an S3-compatible bucket, by boto3; credentials come from ``AWS_*`` only."""

import io
import re
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from types import TracebackType
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from querysafe.backup.errors import BackupError, ObjectExists, ObjectMissing, RepositoryError
from querysafe.backup.repository.contract import Entry, Repository, Writer
from querysafe.backup.repository.s3_client import MUCH_PATIENCE, NO_PATIENCE, Patience, client_of
from querysafe.backup.repository.s3_terms import Terms
from querysafe.backup.repository.s3_words import told

PART_BYTES = 8 * 2**20
DOUBLED_EVERY = 1000
"""Parts after which their size doubles: 10,000 parts then reach far beyond 5 TiB."""
_OURS = re.compile(r"(backups|wal)/")
"""Where uploads of ours go; another program may share the prefix."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_NO_UPLOADS = ("NoSuchUpload", "NotImplemented", "MethodNotAllowed")
_MANY = 20
"""Parts above which a store may need long to put them together."""
_RESUMED = 3
"""How often a download that was cut goes on where it was."""


class S3Repository(Repository):
    """Objects below one prefix of a bucket."""

    def __init__(self, client: Any, bucket: str, prefix: str, terms: Terms | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._terms = terms or Terms()
        self._prefix = f"{prefix}/" if prefix else ""
        self.location = f"s3://{bucket}/{prefix}".rstrip("/")

    @classmethod
    def at(cls, location: str) -> "S3Repository":
        """Use ``s3://bucket/prefix?storage_class=…``; :class:`Terms` has what may be asked.

        Raises :class:`RepositoryError` when it is out of reach.
        """
        parts = urlsplit(location)
        if not parts.netloc or "@" in parts.netloc:
            raise RepositoryError(
                f'"s3://{parts.hostname or ""}" names no bucket',
                hint="write s3://bucket/prefix; credentials come from AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, the endpoint from AWS_ENDPOINT_URL_S3",
            )
        terms = Terms.parse(parts.query)
        repository = cls(client_of(Patience()), parts.netloc, parts.path.strip("/"), terms)
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
        # A retry of a put whose answer was lost finds what it has put itself.
        with suppress(ObjectExists), self._told(name):
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._key(name),
                Body=io.BytesIO(data),
                IfNoneMatch="*",
                **self._asked(name),
            )
        if self.read(name) != data:
            raise ObjectExists(f'"{name}" was written to "{self.location}" by somebody else')

    def replace(self, name: str, data: bytes) -> None:
        """Put over what is there. Such an object is never locked: it changes."""
        with self._told(name):
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._key(name),
                Body=io.BytesIO(data),
                **self._terms.of_note(),
            )

    def open(self, name: str) -> BinaryIO:
        """Get the object as a stream."""
        stream = _Download(self, name)
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

    def sweep(
        self, before: datetime | None = None, *, below: str = "", spare: Collection[str] = ()
    ) -> tuple[str, ...]:
        """Abort uploads of ours that were never completed."""
        swept: list[str] = []
        for each in self._uploads(below):
            name = each["Key"].removeprefix(self._prefix)
            if not _OURS.match(name) or name.startswith(tuple(spare)):
                continue
            if before is None or each["Initiated"] < before:
                with self._told(""):
                    self._client.abort_multipart_upload(
                        Bucket=self._bucket, Key=each["Key"], UploadId=each["UploadId"]
                    )
                swept.append(name)
        return tuple(sorted(swept))

    def _uploads(self, below: str) -> list[Any]:
        """Uploads that were begun and not completed; a store may say that it knows none."""
        from botocore.exceptions import ClientError

        pages = self._client.get_paginator("list_multipart_uploads")
        with self._told(""):
            try:
                listed = pages.paginate(Bucket=self._bucket, Prefix=self._prefix + below)
                return [each for page in listed for each in page.get("Uploads", ())]
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _NO_UPLOADS:
                    return []
                raise

    def hurried(self) -> "S3Repository":
        """The same bucket by a client that gives up after seconds."""
        return S3Repository(
            client_of(NO_PATIENCE), self._bucket, self._prefix.rstrip("/"), self._terms
        )

    def _asked(self, name: str) -> dict[str, Any]:
        return self._terms.of_object() if _OURS.match(name) else self._terms.of_note()

    def _key(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise RepositoryError(f'"{name}" is no name of an object')
        return self._prefix + name

    @contextmanager
    def _told(self, name: str) -> Iterator[None]:
        """Say an error of the store in our words."""
        with told(self.location, self._client.meta.endpoint_url, name):
            yield


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
        with memoryview(data) as left:
            start = 0
            while start < len(left):
                size = PART_BYTES << (len(self._parts) // DOUBLED_EVERY)
                end = start + size - len(self._buffer)
                self._buffer += left[start:end]
                start = min(end, len(left))
                if len(self._buffer) == size:
                    # The part is handed on, not copied: with the one on its way these two
                    # are all that is held.
                    part, self._buffer = self._buffer, bytearray()
                    self._send(part)
                    del part
        return len(data)

    def _send(self, part: bytearray) -> None:
        self._settle()
        with self._repository._told(self._name):
            if self._id is None:
                begun = self._repository._client.create_multipart_upload(
                    **self._where, **self._repository._asked(self._name)
                )
                self._id = begun["UploadId"]
        self._parts.append({"PartNumber": len(self._parts) + 1})
        self._pending = self._pool.submit(self._put, len(self._parts), _Body(part))

    def _put(self, number: int, body: "_Body") -> Any:
        # A file is sent in small pieces, each with a time limit of its own: a slow line is
        # then no error as long as it moves.
        try:
            return self._repository._client.upload_part(
                **self._where, UploadId=self._id, PartNumber=number, Body=body
            )
        finally:
            body.release()

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
                client.put_object(
                    **self._where,
                    Body=io.BytesIO(self._buffer),
                    **self._repository._asked(self._name),
                )
            return
        if self._buffer:
            self._send(self._buffer)
        self._settle()
        patient = client_of(MUCH_PATIENCE) if len(self._parts) > _MANY else client
        try:
            with self._repository._told(self._name):
                patient.complete_multipart_upload(
                    **self._where, UploadId=self._id, MultipartUpload={"Parts": self._parts}
                )
        except RepositoryError:
            # The answer to a completion may be lost; what matters is whether it was done.
            if not self._repository.hurried().exists(self._name):
                raise

    def _abort(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            # An abort before the part on its way has arrived would leave that part behind.
            with suppress(Exception):
                self._pending.result(timeout=30)
        if self._id is not None:
            hurried = self._repository.hurried()
            # Why the upload failed is on its way; what stays behind is swept by the next backup.
            with suppress(Exception):
                hurried._client.abort_multipart_upload(**self._where, UploadId=self._id)


class _Body(io.RawIOBase):
    """Bytes as a file that holds no copy of them."""

    def __init__(self, data: bytearray) -> None:
        self._data = data
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._data)}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def release(self) -> None:
        """Let go of the bytes; botocore keeps what it has sent until Python collects cycles."""
        self._data = bytearray()

    def readinto(self, buffer: Any) -> int:
        with memoryview(self._data) as view:
            data = view[self._position : self._position + len(buffer)]
            buffer[: len(data)] = data
        self._position += len(data)
        return len(data)


class _Download(io.RawIOBase):
    """An object as a file. One whose connection was cut goes on where it was."""

    def __init__(self, repository: S3Repository, name: str) -> None:
        self._repository = repository
        self._name = name
        self._resumed = 0
        answer = self._get()
        self._body = answer["Body"]
        self._left: int = answer["ContentLength"]
        self._size = self._left
        self._etag = answer["ETag"]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            try:
                with self._repository._told(self._name):
                    data = self._body.read(len(buffer))
                if not data and self._left > 0:
                    raise RepositoryError(f'"{self._name}" ended {self._left} bytes too early')
            except RepositoryError:
                self._resumed += 1
                if self._resumed > _RESUMED:
                    raise
                self._body.close()
                start = self._size - self._left
                self._body = self._get(Range=f"bytes={start}-", IfMatch=self._etag)["Body"]
                continue
            self._left -= len(data)
            buffer[: len(data)] = data
            return len(data)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()

    def _get(self, **more: str) -> Any:
        store = self._repository
        with store._told(self._name):
            return store._client.get_object(
                Bucket=store._bucket, Key=store._key(self._name), **more
            )
