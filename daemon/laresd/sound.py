"""Sound files and sample rates: whatever comes in leaves as 16 kHz mono s16.

`read_wav` and `write_wav` touch the disk: in the event loop call them through
`asyncio.to_thread`. Files are read in blocks, so memory is bounded by the result (32 kB per
second), not by the rate, width or channels of the file.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soxr

from laresd.errors import Permanent
from laresd.types import SAMPLE_RATE

MAX_SECONDS = 1800.0  # of one file; longer ones are refused
RAW_SUFFIXES = (".raw", ".pcm", ".s16")  # headerless files: s16 at 16 kHz
SILENT_DBFS = -96.0  # level of nothing, the floor of s16
BLOCK_FRAMES = 1 << 16

_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_COMPRESSED = {
    2: "ADPCM",
    0x11: "IMA ADPCM",
    0x31: "GSM",
    0x50: "MPEG",
    0x55: "MP3",
    0xFF: "AAC",
    0xF1AC: "FLAC",
}
_OTHER_FILES = (
    (b"OggS", "Ogg"),
    (b"fLaC", "FLAC"),
    (b"ID3", "MP3"),
    (b"\xff\xfb", "MP3"),
    (b"\xff\xf3", "MP3"),
    (b"FORM", "AIFF"),
    (b"\x1aE\xdf\xa3", "WebM or Matroska"),
    (b"RF64", "RF64"),
    (b"RIFX", "big-endian RIFX"),
)

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sound:
    """One recording. `pcm`: 16 kHz mono s16. `notes`: what a person should know about the file."""

    pcm: bytes
    seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Format:
    tag: int
    channels: int
    rate: int
    bits: int

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8

    def __str__(self) -> str:
        layout = {1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels")
        kind = {_FLOAT: " float", _ALAW: " A-law", _MULAW: " mu-law"}.get(self.tag, "")
        return f"{self.rate} Hz {layout} {self.bits}-bit{kind}"


def read_wav(source: Path | str | bytes, *, max_seconds: float = MAX_SECONDS) -> Sound:
    """The recording in a wav file (PCM of 8 to 32 bits, float, A-law or mu-law, at any rate, with
    any channels) or in a headerless RAW_SUFFIXES file; bytes are a whole wav file.

    A truncated file gives what is there, and a note. Raises Permanent when nothing can be made of
    it (missing, empty, not a wav, compressed, longer than `max_seconds`), with the way out.
    """
    if isinstance(source, bytes):
        return _read(io.BytesIO(source), "the recording", max_seconds)
    path = Path(source)
    try:
        with path.open("rb") as file:
            if path.suffix.lower() in RAW_SUFFIXES:
                return _read_raw(file, path.name, max_seconds)
            return _read(file, path.name, max_seconds)
    except OSError as error:
        raise Permanent(
            f"cannot read {path}: {error.strerror}",
            remedy="check the path and that this user may read it",
        ) from error


def write_wav(path: Path, pcm: bytes, rate: int = SAMPLE_RATE) -> None:
    """Mono s16 samples as a wav file."""
    path.write_bytes(wav_bytes(pcm, rate))


def wav_bytes(pcm: bytes, rate: int = SAMPLE_RATE) -> bytes:
    """Mono s16 samples as the bytes of a wav file."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, 1, rate, rate * 2, 2, 16)
    data = struct.pack("<4sI", b"data", len(pcm)) + pcm
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data


def resample(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """Mono s16 samples at another rate."""
    if from_hz == to_hz or not pcm:
        return pcm
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0
    return _to_s16(soxr.resample(samples, from_hz, to_hz))


class Resampler:
    """Mono s16 samples at another rate, piece by piece, without clicks between the pieces."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._stream = None
        if from_hz != to_hz:
            self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16")

    def feed(self, pcm: bytes) -> bytes:
        """What is ready of it; the last milliseconds come with the next piece."""
        if self._stream is None:
            return pcm
        converted: bytes = self._stream.resample_chunk(np.frombuffer(pcm, "<i2")).tobytes()
        return converted


class Intake:
    """Samples of any layout as 16 kHz mono s16, piece by piece. `width`: bytes of a sample, 1 to 4;
    those of one byte are unsigned, as in wav files.
    """

    def __init__(self, rate: int, width: int, channels: int) -> None:
        self._form = _Format(_PCM, channels, rate, width * 8)
        self._as_is = (rate, width, channels) == (SAMPLE_RATE, 2, 1)
        self._rest = b""
        self._stream = None
        if rate != SAMPLE_RATE:
            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32")

    def feed(self, data: bytes) -> bytes:
        """What is ready of it; the last milliseconds come with the next piece, or the `end`."""
        data = self._rest + data
        whole = len(data) // self._form.frame_bytes * self._form.frame_bytes
        data, self._rest = data[:whole], data[whole:]
        if self._as_is or not data:
            return data
        samples = _decode(data, self._form).reshape(-1, self._form.channels)
        mono = samples.mean(axis=1, dtype=np.float32)
        return _to_s16(self._stream.resample_chunk(mono) if self._stream else mono)

    def end(self) -> bytes:
        """What is still to come. Nothing can be fed afterwards."""
        if self._stream is None:
            return b""
        return _to_s16(self._stream.resample_chunk(np.zeros(0, np.float32), last=True))


def level_dbfs(pcm: bytes) -> float:
    """The loudness (RMS) of s16 samples against full scale; SILENT_DBFS for silence."""
    if len(pcm) < 2:
        return SILENT_DBFS
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float64)
    power = float(np.mean(samples * samples)) / 32768.0**2
    return max(SILENT_DBFS, 10 * math.log10(power)) if power else SILENT_DBFS


def peak_dbfs(pcm: bytes) -> float:
    """The largest of s16 samples against full scale; SILENT_DBFS for silence."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.int32)
    peak = int(np.abs(samples).max(initial=0))
    return 20 * math.log10(peak / 32768.0) if peak else SILENT_DBFS


def clipped(pcm: bytes) -> int:
    """How many s16 samples are at either end of their range."""
    samples = np.frombuffer(pcm, "<i2")
    return int(np.count_nonzero((samples >= 32767) | (samples <= -32768)))


def amplified(pcm: bytes, begin: float, end: float) -> bytes:
    """s16 samples times a factor that goes evenly from `begin` to `end`; clipped, never wrapped."""
    if begin == end == 1.0 or not pcm:
        return pcm
    samples = np.frombuffer(pcm, "<i2")
    factors = np.linspace(begin, end, len(samples), dtype=np.float32)
    louder: bytes = np.clip(np.rint(samples * factors), -32768, 32767).astype("<i2").tobytes()
    return louder


def one_channel(pcm: bytes, channels: int, number: int) -> bytes:
    """One of interleaved s16 channels; the first has number 0."""
    if channels == 1:
        return pcm
    samples: bytes = np.frombuffer(pcm, "<i2").reshape(-1, channels)[:, number].tobytes()
    return samples


def all_channels(pcm: bytes, channels: int) -> bytes:
    """Mono s16 samples on each of so many interleaved channels."""
    if channels == 1:
        return pcm
    samples: bytes = np.repeat(np.frombuffer(pcm, "<i2"), channels).tobytes()
    return samples


def _read_raw(file: BinaryIO, name: str, max_seconds: float) -> Sound:
    limit = int(max_seconds * SAMPLE_RATE) * 2
    pcm = file.read(limit + 2)
    if not pcm:
        raise _nothing_in(name)
    if len(pcm) > limit:
        raise _too_long(name, max_seconds)
    pcm = pcm[: len(pcm) // 2 * 2]
    return Sound(pcm, len(pcm) / 2 / SAMPLE_RATE, ("read as raw 16 kHz mono s16",))


def _read(file: BinaryIO, name: str, max_seconds: float) -> Sound:
    form, data_bytes = _header(file, name)
    pieces: list[bytes] = []
    total = 0
    stream = None
    if form.rate != SAMPLE_RATE:
        stream = soxr.ResampleStream(form.rate, SAMPLE_RATE, 1, dtype="float32")
    limit = int(max_seconds * form.rate)
    for block in _blocks(file, form, data_bytes):
        total += len(block)
        if total > limit:
            raise _too_long(name, max_seconds)
        pieces.append(_to_s16(stream.resample_chunk(block) if stream else block))
    if stream:
        pieces.append(_to_s16(stream.resample_chunk(np.zeros(0, np.float32), last=True)))
    if not total:
        raise _nothing_in(name)
    pcm = b"".join(pieces)
    return Sound(pcm, total / form.rate, _notes(form, data_bytes, total, pcm))


def _notes(form: _Format, data_bytes: int | None, total: int, pcm: bytes) -> tuple[str, ...]:
    notes = []
    if (form.rate, form.channels, form.bits) != (SAMPLE_RATE, 1, 16):
        notes.append(f"converted from {form}")
    if data_bytes is not None and total < data_bytes // form.frame_bytes:
        there, promised = total / form.rate, data_bytes / form.frame_bytes / form.rate
        notes.append(f"truncated: {there:.1f} of {promised:.1f} seconds are there")
    if level_dbfs(pcm) <= SILENT_DBFS:
        notes.append("it is silent from beginning to end")
    return tuple(notes)


def _header(file: BinaryIO, name: str) -> tuple[_Format, int | None]:
    """The format, and the length of the data that follows (None: to the end of the file)."""
    head = file.read(12)
    if not head:
        raise Permanent(f"{name} is empty", remedy="record or copy it again")
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise _not_a_wav(name, head)
    form: _Format | None = None
    while len(chunk := file.read(8)) == 8:
        tag, length = struct.unpack("<4sI", chunk)
        if tag == b"data":
            if form is None:
                break
            # Programs that write to a pipe don't know the length and leave 0 or the maximum.
            return form, None if length in (0, 0xFFFFFFFF, 0x7FFFFFFF) else length
        if tag == b"fmt ":
            form = _format(file.read(min(length, 256)), name)
        else:
            _skip(file, length)
        if length % 2:
            file.read(1)
    raise Permanent(f"{name} ends inside its header", remedy="record or copy it again")


def _skip(file: BinaryIO, length: int) -> None:
    while length > 0 and (piece := file.read(min(length, 1 << 16))):
        length -= len(piece)


def _format(body: bytes, name: str) -> _Format:
    if len(body) < 16:
        raise Permanent(f"{name} ends inside its header", remedy="record or copy it again")
    tag, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if tag == _EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack("<H", body[24:26])
    widths = {_PCM: (8, 16, 24, 32), _FLOAT: (32, 64), _ALAW: (8,), _MULAW: (8,)}
    if tag not in widths:
        raise _needs_conversion(name, _COMPRESSED.get(tag, f"wav format {tag:#x}"))
    if bits not in widths[tag] or not 1 <= channels <= 32 or not 1000 <= rate <= 768_000:
        what = f"{rate} Hz, {channels} channels, {bits} bits"
        raise Permanent(
            f"{name} has an impossible format: {what}", remedy="record or copy it again"
        )
    return _Format(tag, channels, rate, bits)


def _blocks(file: BinaryIO, form: _Format, data_bytes: int | None) -> Iterator[Samples]:
    """The samples mixed to one channel, -1 to 1, at the file's own rate."""
    left = data_bytes
    while left is None or left > 0:
        want = BLOCK_FRAMES * form.frame_bytes
        data = file.read(want if left is None else min(want, left))
        if left is not None:
            left -= len(data)
        usable = len(data) // form.frame_bytes * form.frame_bytes
        if not usable:
            return
        samples = _decode(data[:usable], form).reshape(-1, form.channels)
        yield samples[:, 0] if form.channels == 1 else samples.mean(axis=1, dtype=np.float32)


def _decode(data: bytes, form: _Format) -> Samples:
    if form.tag == _FLOAT:
        floats = np.frombuffer(data, f"<f{form.bits // 8}").astype(np.float32)
        return np.nan_to_num(floats, posinf=1.0, neginf=-1.0)
    if form.tag == _MULAW:
        return _mulaw(np.frombuffer(data, np.uint8))
    if form.tag == _ALAW:
        return _alaw(np.frombuffer(data, np.uint8))
    if form.bits == 8:
        return (np.frombuffer(data, np.uint8).astype(np.float32) - 128.0) / 128.0
    if form.bits == 24:
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        data = wide.tobytes()
    bits = 16 if form.bits == 16 else 32
    return np.frombuffer(data, f"<i{bits // 8}").astype(np.float32) / np.float32(2.0 ** (bits - 1))


def _mulaw(codes: npt.NDArray[np.uint8]) -> Samples:
    """ITU-T G.711 mu-law, as the standard's tables have it."""
    inverted = ~codes
    exponent = (inverted >> 4) & 7
    magnitude = (((inverted & 15).astype(np.int32) << 3) + 132 << exponent.astype(np.int32)) - 132
    return np.where(inverted & 128, -magnitude, magnitude).astype(np.float32) / np.float32(32768)


def _alaw(codes: npt.NDArray[np.uint8]) -> Samples:
    """ITU-T G.711 A-law, as the standard's tables have it."""
    toggled = codes ^ 0x55
    exponent = ((toggled >> 4) & 7).astype(np.int32)
    mantissa = ((toggled & 15).astype(np.int32) << 4) + 8
    magnitude = np.where(exponent > 0, mantissa + 256 << np.maximum(exponent - 1, 0), mantissa)
    return np.where(toggled & 128, magnitude, -magnitude).astype(np.float32) / np.float32(32768)


def _to_s16(samples: Samples) -> bytes:
    pcm: bytes = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype("<i2").tobytes()
    return pcm


def _nothing_in(name: str) -> Permanent:
    return Permanent(f"{name} holds no sound", remedy="record it again")


def _too_long(name: str, max_seconds: float) -> Permanent:
    return Permanent(
        f"{name} is longer than {max_seconds / 60:g} minutes",
        remedy=f"cut it with: ffmpeg -i {name} -t {max_seconds:g} part.wav",
    )


def _not_a_wav(name: str, head: bytes) -> Permanent:
    for magic, kind in _OTHER_FILES:
        if head.startswith(magic):
            return _needs_conversion(name, kind)
    if head[4:8] == b"ftyp":
        return _needs_conversion(name, "MP4 (AAC)")
    if b"RIFF".startswith(head[:4]) and len(head) < 12:
        return Permanent(f"{name} ends inside its header", remedy="record or copy it again")
    return Permanent(
        f"{name} is not a wav file", remedy="give a wav file, or raw 16 kHz s16 as .raw"
    )


def _needs_conversion(name: str, kind: str) -> Permanent:
    return Permanent(
        f"{name} is {kind}, not plain wav",
        remedy=f"convert it with: ffmpeg -i {name} -ar 16000 -ac 1 converted.wav",
    )
