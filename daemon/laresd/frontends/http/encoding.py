"""Speech as programs want to have it. The one file of this box that imports av (FFmpeg).

Only what the box's own voice said is encoded; nothing that came from outside is decoded here.
"""

from __future__ import annotations

import io
import struct
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import numpy as np

from laresd.errors import Permanent
from laresd.sound import Resampler
from laresd.types import SAMPLE_RATE

if TYPE_CHECKING:
    import av

OPEN_END = 0xFFFFFFFF  # the length in a wav header where it is not known yet
PCM_HZ = 24_000  # of response_format pcm, by OpenAI's reference: s16, mono, without a header


class Encoding(StrEnum):
    MP3 = "mp3"
    OPUS = "opus"
    AAC = "aac"
    FLAC = "flac"
    WAV = "wav"
    PCM = "pcm"


CONTENT_TYPES = {
    Encoding.MP3: "audio/mpeg",
    Encoding.OPUS: "audio/ogg",
    Encoding.AAC: "audio/aac",
    Encoding.FLAC: "audio/flac",
    Encoding.WAV: "audio/wav",
    Encoding.PCM: "audio/pcm",
}
_CODECS = {  # FFmpeg's: container, encoder, sample format, hertz, bits a second (0: lossless)
    Encoding.MP3: ("mp3", "libmp3lame", "s16p", 16_000, 48_000),
    Encoding.OPUS: ("ogg", "libopus", "s16", 48_000, 32_000),
    Encoding.AAC: ("adts", "aac", "fltp", 16_000, 48_000),
    Encoding.FLAC: ("flac", "flac", "s16", 16_000, 0),
}


class Encoder(Protocol):
    """Of 16 kHz mono s16, piece by piece. Blocks for milliseconds."""

    def feed(self, pcm: bytes) -> bytes:
        """What is ready of it."""
        ...

    def end(self) -> bytes:
        """The rest."""
        ...


def encoder(encoding: Encoding) -> Encoder:
    """A new one."""
    match encoding:
        case Encoding.WAV:
            return _Wav()
        case Encoding.PCM:
            return _Pcm()
        case _:
            return _Compressed(*_CODECS[encoding])


class _Wav:
    """The header says that the sound goes on to the end of the stream."""

    def __init__(self) -> None:
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
        data = struct.pack("<4sI", b"data", OPEN_END)
        self._head = struct.pack("<4sI4s", b"RIFF", OPEN_END, b"WAVE") + form + data

    def feed(self, pcm: bytes) -> bytes:
        head, self._head = self._head, b""
        return head + pcm

    def end(self) -> bytes:
        return self.feed(b"")


class _Pcm:
    def __init__(self) -> None:
        self._resampler = Resampler(SAMPLE_RATE, PCM_HZ)

    def feed(self, pcm: bytes) -> bytes:
        return self._resampler.feed(pcm)

    def end(self) -> bytes:
        """What the resampler still holds, pushed out by silence."""
        return self._resampler.feed(bytes(2 * SAMPLE_RATE // 20))


class _Sink(io.RawIOBase):
    """Where a container is written to: it cannot be gone back in."""

    def __init__(self) -> None:
        self._data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # all that av gives it
        self._data += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data


class _Compressed:
    def __init__(self, container: str, codec: str, layout: str, hertz: int, bits: int) -> None:
        import av  # noqa: PLC0415  # FFmpeg takes a while to load, and few ask for it
        from av.audio.resampler import AudioResampler  # noqa: PLC0415

        self._av = av
        self._sink = _Sink()
        self._out = av.open(self._sink, "w", format=container)
        stream = self._out.add_stream(codec, rate=hertz)
        if not isinstance(stream, av.AudioStream):
            raise Permanent(f"FFmpeg has no encoder of sound that is called {codec}")
        stream.layout = "mono"
        if bits:
            stream.bit_rate = bits
        self._stream = stream
        self._resampler = AudioResampler(format=layout, layout="mono", rate=hertz)

    def feed(self, pcm: bytes) -> bytes:
        if pcm:
            samples = np.frombuffer(pcm, "<i2").reshape(1, -1)
            frame = self._av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE
            self._encode(frame)
        return self._sink.taken()

    def end(self) -> bytes:
        self._encode(None)
        self._out.mux(self._stream.encode(None))
        self._out.close()
        return self._sink.taken()

    def _encode(self, frame: av.AudioFrame | None) -> None:
        for one in self._resampler.resample(frame):
            self._out.mux(self._stream.encode(one))
