"""What a loudspeaker is to play, and how loud: between its callers and its own thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from laresd.backends.audio.card import Hear
from laresd.sound import amplified
from laresd.types import SAMPLE_RATE

FADE_SAMPLES = SAMPLE_RATE // 200  # 5 ms: a sound that ends at once would click


class Playing:
    """One sound on its way. `on_end(when)`: its last sample is in the air at that time.

    `gives_way`: ends as soon as another sound waits behind it.
    """

    def __init__(
        self, pcm: bytes, on_end: Callable[[float], object], *, gives_way: bool = False
    ) -> None:
        self.gives_way = gives_way
        self.fades = False
        self._pcm = pcm[: len(pcm) // 2 * 2]
        self._position = 0
        self._on_end = on_end

    @property
    def begun(self) -> bool:
        return self._position > 0

    def take(self, samples: int) -> bytes:
        """At most so many of what is left; a sound that fades has 5 ms left."""
        length = 2 * (min(samples, FADE_SAMPLES) if self.fades else samples)
        piece = self._pcm[self._position : self._position + length]
        self._position = len(self._pcm) if self.fades else self._position + len(piece)
        return amplified(piece, 1.0, 0.0) if self.fades else piece

    @property
    def over(self) -> bool:
        return self._position >= len(self._pcm)

    def end(self, when: float) -> None:
        self._on_end(when)


class Playlist:
    """Sounds in the order in which they came, silence where there are none.

    `supply` is for the sound system's thread, the rest for any. `on_played` is told all that leaves
    for the loudspeaker, as loud as it will be.
    """

    def __init__(self, on_played: Hear | None) -> None:
        self.loudness = 1.0  # wanted, as a factor; reached within the next piece
        self.share = 1.0  # of it, for all but what gives way: that is short and meant to be heard
        self.lead = 0  # samples of silence before the next sound
        self._reached = 1.0
        self._on_played = on_played
        self._sounds: deque[Playing] = deque()
        self._lock = threading.Lock()
        self._held = False  # nothing leaves: the device is about to be closed

    def __len__(self) -> int:
        return len(self._sounds)

    def add(self, sound: Playing) -> None:
        with self._lock:
            for waiting in self._sounds:
                waiting.fades = waiting.fades or waiting.gives_way
            self._sounds.append(sound)

    def remove(self, sound: Playing) -> None:
        """Fade it out; one that has not begun is never heard."""
        with self._lock:
            if sound.begun:
                sound.fades = True
            elif sound in self._sounds:
                self._sounds.remove(sound)

    def hold(self, sound: Playing) -> None:
        """Nothing of it is played any more, nor of the next ones until `go_on`: what a device takes
        that is about to be closed is never heard.
        """
        with self._lock:
            self._held = True
            if sound in self._sounds:
                self._sounds.remove(sound)

    def go_on(self) -> None:
        """The device is another one."""
        with self._lock:
            self._held = False

    def drop(self, sound: Playing) -> None:
        """Nothing of it is played any more."""
        with self._lock:
            if sound in self._sounds:
                self._sounds.remove(sound)

    def supply(self, samples: int, at: float) -> bytes:
        """The next samples, of which the first will be in the air at that time."""
        with self._lock:
            whole = bool(self._sounds) and self._sounds[0].gives_way
            mixed = self._next(samples, at)
        begin, self._reached = self._reached, self.loudness * (1.0 if whole else self.share)
        mixed = amplified(mixed, begin, self._reached).ljust(2 * samples, b"\0")
        if self._on_played is not None:
            self._on_played(mixed, at)
        return mixed

    def _next(self, samples: int, at: float) -> bytes:
        silent = min(self.lead, samples)
        self.lead -= silent
        mixed = bytes(2 * silent)
        while self._sounds and not self._held and len(mixed) < 2 * samples:
            sound = self._sounds[0]
            mixed += sound.take(samples - len(mixed) // 2)
            if sound.over:
                self._sounds.popleft()
                sound.end(at + len(mixed) / 2 / SAMPLE_RATE)
        return mixed
