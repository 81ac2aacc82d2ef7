"""The loudspeaker plays to the end, one sound after the other, however often it is unplugged."""

from __future__ import annotations

import asyncio

import pytest

from laresd.backends.audio.loudspeaker import LEAD_SAMPLES, Loudspeaker
from laresd.errors import Temporary
from tests.fakes.audio import SPEECH, FakeCard, levels, noise, speech, wake_word

OTHER = SPEECH + 1000
GONE = Temporary("there is no loudspeaker")


async def until_open(card: FakeCard) -> None:
    assert await asyncio.to_thread(card.has_opened.wait, 30)


async def test_the_device_stays_open_between_sounds() -> None:
    card = FakeCard()
    loudspeaker = Loudspeaker(card)
    await loudspeaker.play(speech(320))
    await loudspeaker.play(speech(320, OTHER))
    assert (card.opened, card.closed) == (1, 0)
    await loudspeaker.close()
    assert (card.opened, card.closed) == (1, 1)
    assert [level for level in levels(card.played) if level] == [SPEECH, OTHER]


async def test_it_is_closed_when_nothing_has_been_played_for_a_while_and_opened_again() -> None:
    card = FakeCard()
    loudspeaker = Loudspeaker(card, idle_s=0.01)
    await loudspeaker.play(speech(320))
    assert await asyncio.to_thread(card.has_closed.wait, 30)
    await loudspeaker.play(speech(320))
    assert card.opened == 2
    await loudspeaker.close()


async def test_sounds_of_several_callers_follow_each_other_in_the_order_of_the_calls() -> None:
    card = FakeCard()
    loudspeaker = Loudspeaker(card)
    numbers = [SPEECH + 10 * number for number in range(8)]
    async with asyncio.TaskGroup() as tasks:
        for number in numbers:
            tasks.create_task(loudspeaker.play(speech(320, number)))
    await loudspeaker.close()
    assert [level for level in levels(card.played) if level] == numbers


async def test_what_is_heard_is_told_from_the_silence_before_it_on() -> None:
    told: list[bytes] = []
    loudspeaker = Loudspeaker(FakeCard(), on_played=lambda pcm, at: told.append(pcm))
    await loudspeaker.play(speech(320))
    await loudspeaker.close()
    sound = b"".join(told)
    assert sound.startswith(bytes(2 * LEAD_SAMPLES) + speech(320))


async def test_a_cancelled_sound_is_faded_out_and_the_next_one_is_whole() -> None:
    card = FakeCard()
    loudspeaker = Loudspeaker(card)
    await loudspeaker.wake()
    long = asyncio.ensure_future(loudspeaker.play(speech(600_000)))
    assert await asyncio.to_thread(card.has_played.wait, 30)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    await loudspeaker.play(speech(320, OTHER))
    await loudspeaker.close()
    assert len(card.played) < len(speech(600_000)) / 2
    assert card.played.endswith(speech(320, OTHER))


async def test_a_device_that_would_sound_on_for_long_is_closed_by_cancelling() -> None:
    card = FakeCard()
    card.delay_s = 0.12
    loudspeaker = Loudspeaker(card)
    async with asyncio.TaskGroup() as tasks:
        long = tasks.create_task(loudspeaker.play(speech(600_000)))
        tasks.create_task(loudspeaker.play(speech(320, OTHER)))
        assert await asyncio.to_thread(card.has_played.wait, 30)
        long.cancel()
    assert await asyncio.to_thread(card.has_closed.wait, 30)
    assert card.opened == 2
    await loudspeaker.close()
    assert card.played.endswith(speech(320, OTHER))


async def test_a_sound_that_is_cancelled_before_its_turn_is_not_heard() -> None:
    card = FakeCard()
    card.deaf = True
    loudspeaker = Loudspeaker(card, stall_s=30)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(loudspeaker.play(speech(320)))
        second = tasks.create_task(loudspeaker.play(speech(320, OTHER)))
        await until_open(card)
        second.cancel()
        await asyncio.wait([second])
        card.deaf = False
        card.unplug()
        await first
    await loudspeaker.close()
    assert [level for level in levels(card.played) if level] == [SPEECH]


async def test_cancelling_while_the_device_opens_leaves_none_open() -> None:
    card = FakeCard()
    card.deaf = True
    loudspeaker = Loudspeaker(card)
    playing = asyncio.ensure_future(loudspeaker.play(speech(320)))
    await asyncio.sleep(0)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    await loudspeaker.close()
    assert await asyncio.to_thread(card.has_closed.wait, 30)
    assert card.opened == card.closed == 1


async def test_a_device_that_is_gone_is_an_error_and_is_tried_again_by_the_next_sound() -> None:
    card = FakeCard()
    card.failures = [GONE]
    loudspeaker = Loudspeaker(card)
    with pytest.raises(Temporary, match="no loudspeaker"):
        await loudspeaker.play(speech(320))
    await loudspeaker.play(speech(320, OTHER))
    await loudspeaker.close()
    assert card.played == speech(320, OTHER)


async def test_a_sound_goes_on_where_it_was_when_the_device_comes_back_at_once() -> None:
    card = FakeCard()
    card.deaf = True
    loudspeaker = Loudspeaker(card, stall_s=30)
    playing = asyncio.ensure_future(loudspeaker.play(speech(320)))
    await until_open(card)
    card.deaf = False
    card.unplug()
    await playing
    await loudspeaker.close()
    assert card.played == speech(320)
    assert card.opened == 2


async def test_a_device_that_was_unplugged_between_two_sounds_is_opened_again() -> None:
    card = FakeCard()
    loudspeaker = Loudspeaker(card)
    await loudspeaker.play(speech(320))
    card.unplug()
    await loudspeaker.play(speech(320, OTHER))
    assert card.opened == 2
    await loudspeaker.close()
    assert card.played.endswith(speech(320, OTHER))


async def test_a_device_that_takes_nothing_is_given_up() -> None:
    card = FakeCard()
    card.deaf = True
    loudspeaker = Loudspeaker(card, stall_s=0.01)
    with pytest.raises(Temporary, match="stopped taking sound"):
        await loudspeaker.play(speech(320))
    assert card.opened == 3
    await loudspeaker.close()


@pytest.mark.parametrize(
    ("volume", "share", "loudness"), [(1.0, 1.0, 1.0), (0.5, 1.0, 0.25), (1.0, 0.3, 0.3), (5, 1, 1)]
)
async def test_volume_and_ducking_make_it_softer(
    volume: float, share: float, loudness: float
) -> None:
    card = FakeCard()
    loudspeaker = Loudspeaker(card)
    loudspeaker.set_volume(volume)
    loudspeaker.duck(share)
    await loudspeaker.play(speech(320))
    await loudspeaker.close()
    assert levels(card.played)[-1] == SPEECH * loudness


async def test_the_volume_can_be_asked_for() -> None:
    loudspeaker = Loudspeaker(FakeCard(), volume=0.7)
    assert loudspeaker.volume == pytest.approx(0.7)
    loudspeaker.set_volume(0.3)
    assert loudspeaker.volume == pytest.approx(0.3)


async def test_a_chime_is_not_ducked() -> None:
    card = FakeCard()
    loudspeaker = Loudspeaker(card)
    loudspeaker.duck(0.1)
    await loudspeaker.chime(wake_word(64))
    await loudspeaker.close()
    assert card.played == wake_word(64)


async def test_a_chime_is_heard_only_while_nothing_else_plays() -> None:
    card = FakeCard()
    loudspeaker = Loudspeaker(card)
    await loudspeaker.chime(wake_word(64))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(loudspeaker.play(speech(320)))
        await asyncio.sleep(0)
        tasks.create_task(loudspeaker.chime(noise(64)))
    await loudspeaker.close()
    assert card.played.startswith(wake_word(64))
    assert card.played.endswith(speech(320))
    assert noise(64) not in card.played


async def test_a_chime_ends_when_a_sound_comes() -> None:
    card = FakeCard()
    loudspeaker = Loudspeaker(card)
    chime = asyncio.ensure_future(loudspeaker.chime(wake_word(600_000)))
    assert await asyncio.to_thread(card.has_played.wait, 30)
    await loudspeaker.play(speech(320))
    await chime
    await loudspeaker.close()
    assert card.played.endswith(speech(320))
    assert len(card.played) < len(wake_word(600_000)) / 2
