"""How often the wake words are heard where they were said, and where they were not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from laresd.engines.listen.streams import Stream
from laresd.engines.listen.voice import VoiceModel, silero
from laresd.engines.listen.words import NORMAL, word
from laresd.types import SAMPLE_RATE, HeardKind
from tests.bench.results import Row
from tests.bench.wake import corpus

COMMAND = "make bench-wake"
PIECE = 8 * 1024  # bytes: as the daemon gives a quiet room
AROUND = bytes(2 * SAMPLE_RATE)  # of quiet, before and after a clip


class Ear:
    """The engine's own stream, with all four words of the wheel at their own thresholds."""

    def __init__(self, sensitivity: float = NORMAL) -> None:
        words = [word(name) for name in corpus.PHRASES]
        self._stream = Stream(VoiceModel(silero()), words)
        self._wanted = dict.fromkeys(corpus.PHRASES, sensitivity)

    def woken(self, pcm: bytes) -> list[str]:
        """The wake words that it hears, in order."""
        found: list[str] = []
        for start in range(0, len(pcm), PIECE):
            heard = self._stream.hear(pcm[start : start + PIECE], self._wanted)
            found += [one.name for one in heard if one.kind is HeardKind.WAKE]
        return found

    def reset(self) -> None:
        self._stream.reset()


def found() -> list[Row]:
    """Of its own clips, recorded and by each English voice of the synthesizers."""
    rows = []
    for kind, clips in (
        ("recorded", corpus.recorded_words()),
        ("synthesized", corpus.spoken_words()),
    ):
        for sensitivity, suffix in ((NORMAL, ""), (1.0, "_easily")):
            hits, count = _hits(clips, Ear(sensitivity))
            note = ", ".join(f"{name} {hits[name]} of {count[name]}" for name in count)
            value = f"{hits.total()} of {count.total()}"
            goal = "all" if kind == "recorded" and not suffix else ""
            rows.append(Row(f"voice/wake_found_{kind}{suffix}", value, goal, COMMAND, note=note))
    return rows


def _hits(clips: Iterable[corpus.Clip], ear: Ear) -> tuple[Counter[str], Counter[str]]:
    hits: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for clip in clips:
        ear.reset()
        hits[clip.word] += clip.word in ear.woken(AROUND + clip.pcm + AROUND)
        count[clip.word] += 1
    return hits, count


def accepts(hours: float) -> list[Row]:
    """False accepts in hours of speech and noise, and of words that sound nearly like them."""
    ear = Ear()
    wakes, seconds = _wakes(corpus.no_words(hours * 3600), ear)
    total = sum(seconds.values()) / 3600
    kinds = ", ".join(f"{kind} {length / 60:.0f} min" for kind, length in seconds.items())
    heard = ", ".join(f"{name} {number}" for name, number in wakes.items()) or "none"
    alike, pieces = _wakes(corpus.alike(), ear)
    near = ", ".join(f"{name} {number}" for name, number in alike.items()) or "none"
    count = round(sum(pieces.values()))
    return [
        Row(
            "voice/wake_false_accepts_per_h",
            round(wakes.total() / total, 2),
            "<=0.5",
            COMMAND,
            note=f"four words at once, {total:.2f} h: {kinds}; heard: {heard}",
        ),
        Row(
            "voice/wake_false_accepts_alike",
            f"{alike.total()} in {count / 60:.0f} min",
            "",
            COMMAND,
            note=f"words chosen to sound like them, by synthesizers: {near}",
        ),
    ]


def _wakes(pieces: Iterable[tuple[str, bytes]], ear: Ear) -> tuple[Counter[str], dict[str, float]]:
    """How often each word woke it, and how many seconds of each kind there were."""
    wakes: Counter[str] = Counter()
    seconds: dict[str, float] = {}
    for kind, pcm in pieces:
        wakes.update(ear.woken(pcm))
        seconds[kind] = seconds.get(kind, 0.0) + len(pcm) / 2 / SAMPLE_RATE
    return wakes, seconds
