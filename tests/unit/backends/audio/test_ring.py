"""The ring cuts sound into frames, wakes its reader from any thread, and never grows."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.audio.ring import FRAME_BYTES, Ring
from tests.fakes.audio import level


def drained(ring: Ring) -> list[bytes]:
    frames = []
    while (frame := ring.take()) is not None:
        frames.append(frame)
    return frames


@given(st.lists(st.binary(max_size=3 * FRAME_BYTES), max_size=12))
def test_sound_of_any_pieces_comes_out_in_whole_frames(pieces: list[bytes]) -> None:
    async def scenario() -> None:
        ring = Ring()
        for piece in pieces:
            ring.write(piece)
        ring.flush()
        frames = drained(ring)
        assert all(len(frame) == FRAME_BYTES for frame in frames)
        sound = b"".join(pieces)
        assert b"".join(frames)[: len(sound)] == sound
        assert len(frames) == -(-len(sound) // FRAME_BYTES)

    asyncio.run(scenario())


async def test_a_reader_waits_for_another_thread_to_write() -> None:
    ring = Ring()
    reading = asyncio.ensure_future(ring.read())
    await asyncio.to_thread(ring.write, level(7, 32))
    assert await reading == level(7, 32)


async def test_a_full_ring_loses_its_oldest_frames_and_counts_them() -> None:
    ring = Ring(seconds=0.32)  # ten frames
    for number in range(13):
        ring.write(level(number, 32))
    assert ring.overruns == 3
    assert drained(ring) == [level(number, 32) for number in range(3, 13)]


async def test_a_reader_that_wants_several_frames_is_not_woken_for_each() -> None:
    ring = Ring()
    reading = asyncio.ensure_future(ring.read(at_once=4))
    await asyncio.sleep(0)  # it waits now
    await asyncio.to_thread(ring.write, level(7, 3 * 32))
    await asyncio.sleep(0)
    assert not reading.done()
    await asyncio.to_thread(ring.write, level(7, 32))
    assert await reading == level(7, 32)
    assert len(drained(ring)) == 3


async def test_a_reader_is_told_that_no_more_will_come() -> None:
    ring = Ring()
    reading = asyncio.ensure_future(ring.read(at_once=4))
    await asyncio.to_thread(ring.write, level(7, 32))
    await asyncio.to_thread(ring.end)
    assert await reading == level(7, 32)
    assert await ring.read() is None
