"""What a satellite's ear hears: its voice here, and the wake word where the satellite heard it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from laresd.backends.satellites.link import Detected
from laresd.ports import Listener
from laresd.types import FRAME_SAMPLES, Heard, HeardKind


class SatelliteListener:
    """Port Listener over another one. `take` gives the wake word that the satellite told of since
    it was last asked.
    """

    def __init__(self, inner: Listener, take: Callable[[], Detected | None]) -> None:
        self._inner = inner
        self._take = take

    async def hear(self, pcm: bytes) -> Sequence[Heard]:
        """The wake word was before what comes first after it."""
        found = await self._inner.hear(pcm)
        frames = [heard.sample for heard in found if heard.kind is HeardKind.SPEECH]
        detected = self._take() if frames else None
        if detected is None:
            return found
        begun = max(0, min(frames) - FRAME_SAMPLES)
        return [Heard(HeardKind.WAKE, begun, 1.0, detected.name), *found]

    async def reset(self) -> None:
        await self._inner.reset()

    async def close(self) -> None:
        await self._inner.close()
