"""What the loudspeaker plays is taken out of what the microphone hears, and nothing else is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.audio.echo import TAIL_S, EchoCanceller
from laresd.backends.audio.echo_filter import FRAME, EchoFilter
from laresd.types import SAMPLE_RATE

Wave = npt.NDArray[np.float64]

SECOND = SAMPLE_RATE
DELAY = SAMPLE_RATE // 20  # of the room, behind what the clock says


def voice(seconds: float, seed: int) -> Wave:
    """Something like speech: noise in syllables, mostly low."""
    random = np.random.default_rng(seed)
    count = int(seconds * SAMPLE_RATE)
    smooth = np.convolve(random.normal(size=count), np.ones(8) / 8, mode="same")
    syllables = np.abs(np.sin(np.arange(count) * 2 * math.pi * 3 / SAMPLE_RATE))
    sound: Wave = 0.2 * smooth * syllables
    return sound


def echoed(played: Wave, delay: int = DELAY) -> Wave:
    """What a room makes of it."""
    random = np.random.default_rng(7)
    response = random.normal(size=1200) * np.exp(-np.arange(1200) / 200) * 0.1
    response[0] = 0.8
    heard = np.convolve(played, response)[: len(played)]
    return np.concatenate([np.zeros(delay), heard])[: len(played)]


def pcm(wave: Wave) -> bytes:
    return np.clip(wave * 32768, -32768, 32767).astype("<i2").tobytes()


def power(sound: bytes | Wave) -> float:
    wave = np.frombuffer(sound, "<i2") / 32768 if isinstance(sound, bytes) else sound
    return float(np.mean(np.square(wave))) + 1e-12


def cleaned(
    played: Wave,
    heard: Wave,
    *,
    jitter_s: float = 0.0,
    block: int = 512,
    canceller: EchoCanceller | None = None,
    begin: float = 100.0,
) -> bytes:
    """The microphone's sound through a canceller, as two devices would give both sounds to it."""
    random = np.random.default_rng(3)
    canceller = canceller or EchoCanceller()
    far, near = pcm(played), pcm(heard)
    found = []
    given_out = 0
    for start in range(0, len(near) // 2, block):
        while given_out < len(far) // 2 and given_out < start + block + SAMPLE_RATE // 20:
            piece = far[2 * given_out : 2 * given_out + 320]
            canceller.played(piece, begin + given_out / SAMPLE_RATE + jitter_s * random.normal())
            given_out += 160
        at = begin + start / SAMPLE_RATE + jitter_s * random.normal()
        found.append(canceller.clean(near[2 * start : 2 * (start + block)], at))
    return b"".join(found)


def reduction_db(before: Wave, after: bytes, second: int) -> float:
    """Echo return loss enhancement in one second."""
    part = slice(second * SECOND, (second + 1) * SECOND)
    wave = np.frombuffer(after, "<i2")[part] / 32768
    return 10 * math.log10(power(before[part]) / power(wave))


@pytest.mark.parametrize("jitter_s", [0.0, 0.004], ids=["even", "uneven"])
def test_the_echo_of_a_room_is_gone_after_the_first_seconds(jitter_s: float) -> None:
    played = voice(6, seed=1)
    heard = echoed(played) + np.random.default_rng(2).normal(size=len(played)) * 1e-4
    after = cleaned(played, heard, jitter_s=jitter_s)
    assert reduction_db(heard, after, 2) > 15
    assert reduction_db(heard, after, 5) > 20


def test_what_a_person_says_over_it_is_left_as_it_is() -> None:
    played, said = voice(6, seed=1), voice(6, seed=5)
    said[: 3 * SECOND] = 0
    after = np.frombuffer(cleaned(played, echoed(played) + said), "<i2") / 32768
    part = slice(4 * SECOND, len(after))
    person = said[part][: len(after) - part.start]
    assert np.corrcoef(after[part], person)[0, 1] > 0.97
    assert power(after[part]) == pytest.approx(power(person), rel=0.2)


def test_the_room_stays_known_from_one_sound_to_the_next() -> None:
    canceller = EchoCanceller()
    first, second = voice(5, seed=1), voice(2, seed=2)
    cleaned(first, echoed(first), canceller=canceller)
    heard = echoed(second)
    after = cleaned(second, heard, canceller=canceller, begin=200.0)
    assert reduction_db(heard, after, 0) > 15


def test_while_nothing_plays_the_sound_passes_untouched_and_at_once() -> None:
    canceller = EchoCanceller()
    said = pcm(voice(1, seed=5))
    assert canceller.clean(said, 100.0) == said
    canceller.played(bytes(2 * SECOND), 101.0)  # the device is open and silent
    assert canceller.clean(said, 101.0) == said


def test_after_the_last_echo_it_passes_untouched_again() -> None:
    canceller = EchoCanceller()
    canceller.played(pcm(voice(1, seed=1)), 100.0)
    said = pcm(voice(1, seed=5))
    assert canceller.clean(said, 100.2) != said
    assert canceller.clean(said, 101.3 + TAIL_S).endswith(said)


@given(st.lists(st.integers(1, 1200), min_size=1, max_size=30), st.integers(0, 20_000))
def test_no_sample_is_lost_or_doubled(blocks: Sequence[int], quiet_from: int) -> None:
    """Also where cancelling begins and ends; what is missing at the end is less than a frame."""
    canceller = EchoCanceller()
    canceller.played(pcm(voice(0.5, seed=1)), 0.0)
    heard, given_out = 0, 0
    for block in blocks:
        at = heard / SAMPLE_RATE + (100.0 if heard > quiet_from else 0.0)
        given_out += len(canceller.clean(bytes(2 * block), at)) // 2
        heard += block
        assert 0 <= heard - given_out < FRAME


def test_a_microphone_that_was_opened_anew_is_aligned_anew() -> None:
    canceller = EchoCanceller()
    played = voice(5, seed=1)
    cleaned(played, echoed(played), canceller=canceller)
    heard = echoed(played)
    after = cleaned(played, heard, canceller=canceller, begin=300.0123)
    assert reduction_db(heard, after, 1) > 15


def test_a_filter_that_hears_only_a_person_changes_nothing() -> None:
    echo_filter, said = EchoFilter(), voice(1, seed=5)
    silence = np.zeros(FRAME)
    for start in range(0, len(said) - FRAME, FRAME):
        frame = said[start : start + FRAME]
        assert np.allclose(echo_filter.clean(frame, silence), frame)
