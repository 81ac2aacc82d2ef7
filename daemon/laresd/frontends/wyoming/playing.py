"""Sound that a server sends a satellite, played as it comes: whoever sends it is never held up."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from laresd.errors import LaresError, Refused
from laresd.frames.wyoming import Event, format_of
from laresd.ports import AudioSink
from laresd.sound import Intake
from laresd.types import SAMPLE_RATE

log = logging.getLogger(__name__)

PIECE_BYTES = SAMPLE_RATE  # half a second: two of them are at the sink, so that no gap is heard
FIRST_BYTES = SAMPLE_RATE // 2  # a quarter: the first is heard sooner
AT_ONCE = 2
MOST_S = 600.0  # of sound that waits to be played

OnPlayed = Callable[[], Awaitable[None]]


class Player:
    """Keep `run` running. `on_played` is called at the end of each stretch of sound, played or cut
    short.
    """

    def __init__(self, sink: AudioSink, on_played: OnPlayed) -> None:
        self._sink = sink
        self._on_played = on_played
        self._waiting: deque[bytes | None] = deque()  # None: a stretch ends
        self._bytes = 0
        self._news = asyncio.Event()
        self._intake: Intake | None = None
        self._cut = False  # the stretch that still comes in is not wanted any more
        self._cuts = 0  # how often it was silenced
        self._sounding: deque[asyncio.Task[None]] = deque()

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._sounding)

    def start(self, event: Event) -> None:
        form = format_of(event)
        self._intake, self._cut = Intake(form.rate, form.width, form.channels), False

    def chunk(self, event: Event) -> None:
        """Raises Refused for more than anybody listens to."""
        if self._intake is None:
            self.start(event)
        if self._intake is not None and not self._cut:
            self.add(self._intake.feed(event.payload))

    def stop(self) -> None:
        if self._intake is not None and not self._cut:
            self.add(self._intake.end())
        self._intake, self._cut = None, False
        self._put(None)

    def add(self, pcm: bytes) -> None:
        """16 kHz mono s16."""
        if self._bytes + len(pcm) > MOST_S * 2 * SAMPLE_RATE:
            raise Refused(f"more than {MOST_S:g} s of sound wait to be played")
        if pcm:
            self._bytes += len(pcm)
            self._put(pcm)

    def silence(self) -> None:
        """At once; what still comes of the same stretch is dropped."""
        self._cut, self._cuts = self._intake is not None, self._cuts + 1
        ends = sum(piece is None for piece in self._waiting)
        self._waiting = deque([None] * ends)
        self._bytes = 0
        for task in self._sounding:
            task.cancel()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            first = True
            while True:
                piece = await self._next(FIRST_BYTES if first else PIECE_BYTES)
                first, cuts = piece is None, self._cuts
                while self._sounding and (piece is None or len(self._sounding) >= AT_ONCE):
                    await asyncio.wait([self._sounding[0]])
                    self._sounding.popleft()
                if piece is None:
                    await self._on_played()
                elif cuts == self._cuts:
                    self._sounding.append(group.create_task(self._play(piece), name="sound"))

    async def _next(self, size: int) -> bytes | None:
        """The next piece, of at least `size` bytes unless the stretch ends; None: it has ended."""
        while not self._waiting or (None not in self._waiting and self._bytes < size):
            self._news.clear()
            await self._news.wait()
        piece = bytearray()
        while self._waiting and len(piece) < PIECE_BYTES:
            head = self._waiting[0]
            if head is None:
                break
            piece += head
            self._waiting.popleft()
        self._bytes -= len(piece)
        if piece:
            return bytes(piece)
        self._waiting.popleft()
        return None

    async def _play(self, pcm: bytes) -> None:
        try:
            await self._sink.play(pcm)
        except LaresError as error:
            log.warning("what the server sends cannot be played: %s", error)

    def _put(self, piece: bytes | None) -> None:
        self._waiting.append(piece)
        self._news.set()
