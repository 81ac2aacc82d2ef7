"""Wake words over a reply in a simulated room, by our echo filter and WebRTC's.

How many the wake word model finds, by how loud the word is against the echo; of the words alone,
too. The room's reverberation is as strong as its direct sound, and devices tell their times with
an error of 4 ms. Counts do not depend on what else the machine does; the CPU time does.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pywebrtc_audio import AudioProcessor

import laresd
from laresd.backends.audio import EchoCanceller
from laresd.engines.listen.words import WakeWords, word
from laresd.sound import read_wav
from laresd.types import SAMPLE_RATE, HeardKind
from tests.bench.results import Row
from tests.system.in_room import Wave, wave

COMMAND = "make bench-voice ONLY=echo"
ROOT = Path(__file__).resolve().parents[2]
CLIPS = (
    *sorted((Path(laresd.__file__).parent / "bundled" / "demo").glob("*.wav")),
    *sorted((ROOT.parent / "shared/data/speech/wake").glob("*okay_nabu_[12].wav")),
    *sorted((ROOT.parent / "shared/data/speech/wake").glob("wyoming*okay_nabu.wav")),
)
WORD_S = 1.6  # a clip begins with the wake word
REPLY = (
    "The kitchen light is on, and it is quite bright. Tomorrow it will rain in the morning, then "
    "the sun comes out in the afternoon, and the temperature goes up to eighteen degrees. "
)
MOMENTS = (1.5, 3.0, 5.0, 7.0)  # seconds into the reply
RATIOS = (6, 0, -6, -12)  # dB, wake word over echo
JITTER_S = 0.004
BLOCK = 512

Clean = Callable[[bytes, bytes, np.random.Generator], bytes]
"""(heard, played, chance) -> what is left."""


@dataclass(frozen=True, slots=True)
class Case:
    """`heard`: the reply's echo and a wake word; `alone`: only the word."""

    heard: bytes
    alone: bytes
    seed: int


def spoken_reply() -> Wave:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reply.wav"
        subprocess.run(["espeak-ng", "-v", "en-us", "-w", str(path), REPLY], check=True)
        return wave(read_wav(path).pcm)


def cases(reply: Wave, ratio: float) -> list[Case]:
    found = []
    for clip in CLIPS:
        said = wave(read_wav(clip).pcm)[: int(WORD_S * SAMPLE_RATE)]
        for moment in MOMENTS:
            chance = np.random.default_rng(int(moment * 10))
            echo = _echo(reply, chance)
            level = np.sqrt(np.mean(echo**2)) * 10 ** (ratio / 20)
            loud = said / np.sqrt(np.mean(said[np.abs(said) > 0.006] ** 2)) * level
            begin = int(moment * SAMPLE_RATE)
            alone = np.zeros(len(reply))
            alone[begin : begin + len(loud)] = loud[: max(0, len(reply) - begin)]
            hiss = chance.normal(size=len(reply)) * 2e-4
            found.append(Case(_pcm(echo + alone + hiss), _pcm(alone + hiss), int(moment * 10)))
    return found


def ours(heard: bytes, played: bytes, chance: np.random.Generator) -> bytes:
    canceller, left, given = EchoCanceller(), [], 0
    for start in range(0, len(heard) // 2, BLOCK):
        while given < len(played) // 2 and given <= start + SAMPLE_RATE // 16:
            at = given / SAMPLE_RATE + chance.normal() * JITTER_S / 8
            canceller.played(played[2 * given : 2 * given + 320], at)
            given += 160
        at = start / SAMPLE_RATE + chance.normal() * JITTER_S
        left.append(canceller.clean(heard[2 * start : 2 * (start + BLOCK)], at))
    return b"".join(left)


def webrtc(heard: bytes, played: bytes, chance: np.random.Generator) -> bytes:
    """With perfect times: it finds the delay by itself."""
    processor = AudioProcessor(sample_rate=SAMPLE_RATE, echo_cancellation=True)
    whole = len(heard) // 320 * 160
    near, far = (np.frombuffer(sound, "<i2")[:whole] for sound in (heard, played))
    return bytes(np.asarray(processor.process(near, far)).tobytes())


def none(heard: bytes, played: bytes, chance: np.random.Generator) -> bytes:
    return heard


def count(found: Sequence[Case], played: bytes, clean: Clean) -> int:
    return sum(_woke(clean(case.heard, played, np.random.default_rng(case.seed))) for case in found)


def _woke(sound: bytes) -> bool:
    nabu = word("okay_nabu")
    return any(f.kind is HeardKind.WAKE for f in WakeWords({nabu: nabu.threshold}).hear(sound))


def _echo(reply: Wave, chance: np.random.Generator) -> Wave:
    response = chance.normal(size=2400) * np.exp(-np.arange(2400) / 200) * 0.1
    response[0] = 1.0
    response /= np.sqrt(np.sum(response**2))
    heard: Wave = np.convolve(np.concatenate([np.zeros(800), reply]), response)[: len(reply)]
    return heard


def _pcm(sound: npt.NDArray[np.float64]) -> bytes:
    quieter = sound * min(1.0, 0.6 / float(np.abs(sound).max()))
    return (quieter * 32767).astype("<i2").tobytes()


def rows() -> list[Row]:
    reply = spoken_reply()
    played = _pcm(reply)
    made = []
    for ratio in RATIOS:
        found = cases(reply, ratio)
        alone = sum(_woke(case.alone) for case in found)
        left = {clean.__name__: count(found, played, clean) for clean in (ours, webrtc, none)}
        made.append(
            Row(
                f"voice/wake_over_reply_at_{ratio:+d}dB_found",
                left["ours"],
                "",
                COMMAND,
                f"WebRTC's canceller {left['webrtc']}, none {left['none']}",
                f"of {alone} that are found without a reply; word against echo {ratio:+d} dB",
            )
        )
    begun = time.process_time()
    ours(played, played, np.random.default_rng(0))
    used = (time.process_time() - begun) / (len(played) / 2 / SAMPLE_RATE)
    note = "only while something plays"
    made.append(Row("voice/echo_cpu_s_per_s", round(used, 3), "", COMMAND, note=note))
    return made
