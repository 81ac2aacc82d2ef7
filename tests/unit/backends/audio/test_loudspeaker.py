"""The loudspeaker plays to the end, and stops when it is told to."""

from __future__ import annotations

import asyncio

import pytest

from laresd.backends.audio.loudspeaker import LEAD, Loudspeaker
from laresd.errors import Temporary
from tests.fakes.audio import FakeCard, speech


async def test_a_sound_is_played_with_a_lead_for_cards_that_cut_the_beginning() -> None:
    card = FakeCard()
    await Loudspeaker(card).play(speech(320))
    assert card.played == [LEAD + speech(320)]
    assert (card.opened, card.closed) == (1, 1)


async def test_cancelling_closes_the_device() -> None:
    card = FakeCard()
    card.deaf = True
    playing = asyncio.ensure_future(Loudspeaker(card).play(speech(320)))
    assert await asyncio.to_thread(card.has_opened.wait, 30)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert await asyncio.to_thread(card.has_closed.wait, 30)


async def test_a_device_that_is_gone_is_an_error() -> None:
    card = FakeCard()
    card.failures = [Temporary("there is no loudspeaker")]
    with pytest.raises(Temporary, match="no loudspeaker"):
        await Loudspeaker(card).play(speech(320))
