"""A store's answer that makes no sense is an error of the store, not of ours."""

import pytest
from botocore.parsers import ResponseParserError

from querysafe.backup.errors import RepositoryError
from querysafe.backup.repository.s3_words import told


@pytest.mark.parametrize("error", [KeyError("UploadId"), ResponseParserError("no XML")])
def test_an_answer_that_was_cut_off_is_named(error: Exception) -> None:
    with (
        pytest.raises(RepositoryError, match="its answer was cut off"),
        told("s3://bucket", "http://127.0.0.1", "thing"),
    ):
        raise error
