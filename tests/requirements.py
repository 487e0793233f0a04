"""Optional parts of a machine: their tests are skipped loudly, or fail where they are required."""

import os

import pytest


def require(name: str, available: bool, why: str) -> None:
    """Skip the calling test when a part is missing; fail when ``QUERYSAFE_REQUIRE`` names it."""
    if available:
        return
    required = os.environ.get("QUERYSAFE_REQUIRE", "").split(",")
    if name in (part.strip() for part in required):
        pytest.fail(f"{name} is required here (QUERYSAFE_REQUIRE) and missing: {why}")
    pytest.skip(f"{name} is missing: {why}")
