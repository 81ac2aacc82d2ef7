"""One loudspeaker, and who has the word there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from laresd.ports import AudioSink


class Mouth:
    """Whoever has the word says all of it before the next one begins; the sink itself only orders
    sounds, and a sentence of one must not come into the middle of what another says.
    """

    def __init__(self, sink: AudioSink) -> None:
        self.sink = sink
        self._word = asyncio.Lock()

    @asynccontextmanager
    async def word(self) -> AsyncIterator[AudioSink]:
        """The sink, when it is one's turn."""
        async with self._word:
            yield self.sink
