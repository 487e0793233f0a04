"""What is particular to a repository in S3."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from querysafe.backup.errors import RepositoryError
from querysafe.backup.repository import open_repository, s3
from querysafe.backup.repository.s3 import S3Repository
from querysafe.backup.repository.s3_terms import Terms
from tests.integration.backup.s3 import BUCKET, SECRET


@pytest.mark.usefixtures("s3_environment")
def test_a_wrong_bucket_key_or_endpoint_is_told_without_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(RepositoryError, match=r"nobucket.*does not exist"):
        open_repository("s3://nobucket/x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"wrong-{SECRET}")
    with pytest.raises(RepositoryError, match="access denied") as told:
        open_repository(f"s3://{BUCKET}/x")
    assert SECRET not in str(told.value)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(RepositoryError, match=r"127\.0\.0\.1:9.*connection refused"):
        open_repository(f"s3://{BUCKET}/x")


@pytest.mark.usefixtures("s3_environment")
def test_only_uploads_of_ours_are_aborted() -> None:
    repository = open_repository(f"s3://{BUCKET}/uploads")
    assert isinstance(repository, S3Repository)
    for key in ("uploads/backups/x/part", "uploads/photos/cat"):
        repository._client.create_multipart_upload(Bucket=BUCKET, Key=key)
    assert repository.sweep(spare=("backups/x/",)) == ()
    assert repository.sweep(below="backups/y/") == ()
    assert repository.sweep(datetime.now(UTC) - timedelta(days=1)) == ()
    assert repository.sweep() in (("backups/x/part",), ())


class _Listener:
    """Notes what is sent to a store, and sends nothing."""

    def __init__(self) -> None:
        self.sent: dict[str, dict[str, Any]] = {}
        self.sizes: list[int] = []
        self.meta = type("Meta", (), {"endpoint_url": "http://nowhere"})

    def __getattr__(self, operation: str) -> Any:
        def noted(**arguments: Any) -> dict[str, str]:
            if operation == "upload_part":
                self.sizes.append(len(arguments["Body"].read()))
            else:
                self.sent[operation] = arguments
            return {"UploadId": "1", "ETag": "e"}

        return noted


def test_what_the_location_asks_goes_with_every_part_and_no_lock_with_a_note() -> None:
    terms = Terms.parse("sse=aws:kms&kms_key=k1&storage_class=STANDARD_IA&lock_days=30")
    listener = _Listener()
    repository = S3Repository(listener, BUCKET, "p", terms)
    repository.replace("verified/a.json", b"{}")
    note = listener.sent["put_object"]
    assert (note["ServerSideEncryption"], note["SSEKMSKeyId"]) == ("aws:kms", "k1")
    assert "ObjectLockMode" not in note
    asked = repository._asked("backups/a/manifest.json")
    assert (asked["StorageClass"], asked["ObjectLockMode"]) == ("STANDARD_IA", "GOVERNANCE")
    until = asked["ObjectLockRetainUntilDate"] - datetime.now(UTC)
    assert timedelta(days=29) < until <= timedelta(days=30)


@pytest.mark.parametrize(
    "query", ["sse=rot13", "lock_days=soon", "lock_days=0", "lock_mode=x", "colour=red"]
)
def test_an_option_that_no_store_understands_is_refused(query: str) -> None:
    with pytest.raises(RepositoryError, match=query.partition("=")[0]):
        Terms.parse(query)


def test_parts_grow_so_that_ten_thousand_reach_beyond_five_terabytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes = [s3.PART_BYTES << (index // s3.DOUBLED_EVERY) for index in range(10_000)]
    assert sum(sizes) > 5 * 10**12
    monkeypatch.setattr(s3, "PART_BYTES", 10)
    monkeypatch.setattr(s3, "DOUBLED_EVERY", 2)
    listener = _Listener()
    upload = s3._Upload(S3Repository(listener, BUCKET, ""), "k", "backups/k")
    with upload:
        upload.write(bytes(75))
    assert listener.sizes == [10, 10, 20, 20, 15]
