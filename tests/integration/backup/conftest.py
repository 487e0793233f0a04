"""Repositories of both kinds."""

from collections.abc import Iterator

import pytest

from tests.integration.backup.s3 import Store, store


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with store(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def s3_environment(s3: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return s3
