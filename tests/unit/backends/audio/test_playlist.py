"""Sounds in order, sample by sample, faded where they are cut."""

from __future__ import annotations

import array
import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.audio.playlist import FADE_SAMPLES, Playing, Playlist
from laresd.types import SAMPLE_RATE

LENGTHS = st.lists(st.integers(1, 700), min_size=1, max_size=8)


def tone(samples: int, level: int = 1000) -> bytes:
    return array.array("h", [level] * samples).tobytes()


def values(pcm: bytes) -> list[int]:
    return array.array("h", pcm).tolist()


@given(LENGTHS, st.lists(st.integers(1, 300), min_size=1, max_size=80))
def test_what_comes_out_is_what_was_put_in_and_silence(
    lengths: Sequence[int], pieces: Sequence[int]
) -> None:
    playlist = Playlist(None)
    ends: list[float] = []
    for number, length in enumerate(lengths):
        playlist.add(Playing(tone(length, 100 + number), ends.append))
    out: list[int] = []
    for piece in pieces:
        out += values(playlist.supply(piece, len(out) / SAMPLE_RATE))
    wanted = [100 + number for number, length in enumerate(lengths) for _ in range(length)]
    assert out == (wanted + [0] * len(out))[: len(out)]
    borders = [sum(lengths[: number + 1]) for number in range(len(lengths))]
    passed = [border for border in borders if border <= len(out)]
    assert [round(end * SAMPLE_RATE) for end in ends] == passed


def test_a_sound_that_is_cut_has_five_milliseconds_left_and_fades() -> None:
    playlist = Playlist(None)
    cut = Playing(tone(4000), lambda when: None)
    playlist.add(cut)
    playlist.supply(160, 0.0)
    playlist.remove(cut)
    left = values(playlist.supply(160, 0.0))
    assert left[0] == 1000
    assert left[:FADE_SAMPLES] == sorted(left[:FADE_SAMPLES], reverse=True)
    assert set(left[FADE_SAMPLES:]) == {0}


def test_silence_leads_the_first_sound_of_a_device() -> None:
    playlist = Playlist(None)
    playlist.lead = 200
    playlist.add(Playing(tone(100), lambda when: None))
    out = values(playlist.supply(160, 0.0)) + values(playlist.supply(160, 0.01))
    assert out == [0] * 200 + [1000] * 100 + [0] * 20


def test_loudness_changes_without_a_jump() -> None:
    playlist = Playlist(None)
    playlist.add(Playing(tone(480), lambda when: None))
    playlist.supply(160, 0.0)
    playlist.share = 0.2
    falling, low = values(playlist.supply(160, 0.0)), values(playlist.supply(160, 0.0))
    assert falling == sorted(falling, reverse=True)
    assert max(abs(a - b) for a, b in itertools.pairwise(falling)) < 10
    assert set(low) == {200}


def test_what_listens_is_told_of_all_that_is_heard_as_loud_as_it_is() -> None:
    told: list[tuple[list[int], float]] = []
    playlist = Playlist(lambda pcm, at: told.append((values(pcm), at)))
    playlist.loudness = 0.5
    playlist.supply(2, 0.5)
    playlist.add(Playing(tone(2), lambda when: None))
    playlist.supply(4, 1.0)
    assert told == [([0, 0], 0.5), ([500, 500, 0, 0], 1.0)]
