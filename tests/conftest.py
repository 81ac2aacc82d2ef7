"""For all tests: a blocking call in the event loop fails the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings

settings.register_profile("lares", deadline=None)  # machines differ, and so does their load
settings.load_profile("lares")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def blocking_calls_fail() -> Iterator[BlockBuster]:
    with blockbuster_ctx("laresd") as blockbuster:
        yield blockbuster


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Public test data beside the checkout; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"public test data is not at {SHARED}")
    return SHARED
