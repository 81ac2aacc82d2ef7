"""Several ears are listened to at once, and none of them costs what it does not want."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from laresd.engines import worker
from laresd.engines.listen.loading import load
from laresd.engines.listen.streams import AT_ONCE, FORGOTTEN_S, Stream, Streams
from laresd.engines.listen.voice import VoiceModel, silero
from laresd.engines.listen.words import word
from laresd.errors import Permanent, Refused
from laresd.frames import Fields, Frame
from laresd.types import FRAME_SAMPLES, Json

FRAME = bytes(2 * FRAME_SAMPLES)


@pytest.fixture(scope="module")
def voice() -> VoiceModel:
    return VoiceModel(silero())


@pytest.fixture
def new(voice: VoiceModel) -> Callable[[], Stream]:
    words = [word("okay_nabu")]
    return lambda: Stream(voice, words)


class TestStreams:
    def test_a_name_is_one_stream_until_it_is_closed(self, new: Callable[[], Stream]) -> None:
        streams = Streams(new, lambda: 0.0)
        first = streams.of("kitchen")
        assert streams.of("kitchen") is first
        assert streams.of("attic") is not first
        streams.close("kitchen")
        streams.close("never there")
        assert streams.of("kitchen") is not first

    def test_more_ears_than_a_house_has_are_refused(self, new: Callable[[], Stream]) -> None:
        streams = Streams(new, lambda: 0.0)
        for number in range(AT_ONCE):
            streams.of(str(number))
        with pytest.raises(Refused, match="ears are listened to"):
            streams.of("one more")
        assert len(streams) == AT_ONCE

    def test_a_stream_that_was_left_open_makes_room(self, new: Callable[[], Stream]) -> None:
        now = 0.0
        streams = Streams(new, lambda: now)
        left = streams.of("left")
        now = FORGOTTEN_S
        for number in range(AT_ONCE):
            streams.of(str(number))
        assert len(streams) == AT_ONCE
        now = 2 * FORGOTTEN_S
        assert streams.of("left") is not left


class TestStream:
    def test_a_word_that_there_is_no_model_of_is_refused(self, new: Callable[[], Stream]) -> None:
        with pytest.raises(Refused, match="no wake word 'alexa'") as caught:
            new().hear(FRAME, {"alexa": 0.5})
        assert "okay_nabu" in caught.value.remedy

    def test_half_a_sample_is_told(self, new: Callable[[], Stream]) -> None:
        with pytest.raises(Permanent, match="3 bytes"):
            new().hear(b"123", {})

    def test_without_wake_words_only_voices_are_heard(self, new: Callable[[], Stream]) -> None:
        assert [f.sample for f in new().hear(FRAME * 2, {})] == [FRAME_SAMPLES, 2 * FRAME_SAMPLES]


class TestOps:
    @staticmethod
    def call(words: Json) -> worker.Call:
        channel = worker.Channel(io.BytesIO(), io.BytesIO())
        return worker.Call(Frame("hear", 1, {"words": words}, FRAME), channel)

    def test_the_sensitivity_of_a_word_is_a_share(self) -> None:
        hear = load(Fields({"words": ["okay_nabu"]})).handlers["hear"]
        with pytest.raises(Permanent, match="must be from 0 to 1"):
            hear(self.call({"okay_nabu": 2}))

    def test_clips_that_are_not_as_many_as_was_said_are_told(self) -> None:
        tune = load(Fields({"words": ["okay_nabu"]})).handlers["tune"]
        channel = worker.Channel(io.BytesIO(), io.BytesIO())
        counts = dict.fromkeys(("wanted", "unwanted", "made_wanted", "made_unwanted"), 1)
        with pytest.raises(Permanent, match="are not the described clips"):
            tune(worker.Call(Frame("tune", 1, {"name": "okay_nabu", **counts}, FRAME), channel))
        with pytest.raises(Refused, match="no wake word 'alexa'"):
            tune(worker.Call(Frame("tune", 1, {"name": "alexa", **counts}, FRAME), channel))

    def test_what_there_is_is_told(self) -> None:
        loaded = load(Fields({"words": ["okay_nabu"]}))
        assert loaded.facts["phrases"] == {"okay_nabu": "Okay Nabu"}
        assert isinstance(loaded, worker.Loaded)

    def test_there_may_be_no_wake_word_at_all(self) -> None:
        assert load(Fields({"words": []})).facts["words"] == []
