"""What every repository promises, shown on an S3 server of this machine."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from querysafe.backup.errors import ObjectExists, ObjectMissing, RepositoryError
from querysafe.backup.repository import Repository, open_repository
from querysafe.backup.repository import s3 as s3_module

RCLONE = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
pytestmark = pytest.mark.skipif(RCLONE is None, reason="rclone is not installed")
SECRET = "never-to-be-shown"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("s3")
    (root / "bucket").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    command = [str(RCLONE), "serve", "s3", "--addr", address, "--auth-key", f"accesskey,{SECRET}"]
    with subprocess.Popen(
        [*command, "--config", "/dev/null", str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://{address}"
        finally:
            server.terminate()


@pytest.fixture
def settings(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "accesskey")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture
def repository(settings: None, request: pytest.FixtureRequest) -> Repository:
    return open_repository(f"s3://bucket/{abs(hash(request.node.name))}")


def test_a_large_object_comes_back_and_an_error_leaves_nothing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_module, "PART_BYTES", 5 * 2**20)
    data = bytes(range(256)) * (12 * 2**12)
    with repository.create("a/b") as writer:
        writer.write(data)
    assert repository.read("a/b") == data
    with pytest.raises(ValueError, match="stop"), repository.create("c") as writer:
        writer.write(data)
        raise ValueError("stop")
    assert [each.name for each in repository.entries()] == ["a/b"]
    assert repository.sweep(datetime.now(UTC)) == ()


def test_an_object_is_put_once_replaced_and_deleted(repository: Repository) -> None:
    repository.put_once("a", b"1")
    with pytest.raises(ObjectExists):
        repository.put_once("a", b"2")
    repository.replace("a", b"3")
    assert repository.read("a") == b"3"
    repository.delete("a")
    repository.delete("a")
    with pytest.raises(ObjectMissing):
        repository.open("a")
    with pytest.raises(RepositoryError):
        repository.open("../a")


@pytest.mark.usefixtures("settings")
def test_a_wrong_bucket_key_or_endpoint_is_told_without_the_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(RepositoryError, match="nobucket"):
        open_repository("s3://nobucket/x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"wrong-{SECRET}")
    with pytest.raises(RepositoryError) as told:
        open_repository("s3://bucket/x")
    assert SECRET not in str(told.value)
