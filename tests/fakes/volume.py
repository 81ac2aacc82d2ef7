"""The volume of a voice that nobody hears."""

from __future__ import annotations

from laresd.errors import LaresError


class FakeVolume:
    """Port Volume. `failure` is raised by each `set`, which has set it then."""

    def __init__(self, percent: int = 70) -> None:
        self.percent = percent
        self.failure: LaresError | None = None

    async def set(self, percent: int) -> None:
        self.percent = percent
        if self.failure is not None:
            raise self.failure
