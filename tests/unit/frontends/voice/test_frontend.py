"""The voice frontend in virtual time: what a room hears, and which turns come of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace

import pytest

from laresd import config
from laresd.backends.clock import SystemClock
from laresd.core import guard
from laresd.core.turn import Machine, Rules
from laresd.errors import Permanent, Temporary
from laresd.frontends.voice import Ear, Parts, VoiceFrontend
from laresd.frontends.voice.parts import MayAnswerAt
from laresd.ports import AudioSource, one
from laresd.turns import Sign, Wholeness
from laresd.types import Priority, Turn
from tests.fakes.assistant import FakeAssistant
from tests.fakes.audio import (
    FakeSink,
    FakeSource,
    noise,
    silence,
    speech,
    wake_word,
)
from tests.fakes.listener import FakeListener
from tests.fakes.synthesizer import FakeSynthesizer
from tests.fakes.transcriber import FakeTranscriber
from tests.fakes.virtual_time import virtual_time

TURN_ON, STORY, HALF, OTHER_HALF, MADE_UP, PHRASE, COUGH, QUESTION = range(3_000, 3_008)
SENTENCES = {
    TURN_ON: "turn on the light",
    STORY: "tell me a story",
    HALF: "turn on",
    OTHER_HALF: "the light in the kitchen",
    MADE_UP: "thanks for watching",
    PHRASE: "Hey Larris.",
    COUGH: "",
    QUESTION: "which light",
}
REPLIES = {
    "turn on the light": "The light is on.",
    "turn on the light in the kitchen": "The kitchen light is on.",
    "tell me a story": "Once upon a time. There was a house. It was warm.",
}
COMMAND = silence(500) + wake_word() + silence(200) + speech(800, TURN_ON) + silence(1500)


class FakeSigns:
    """Port Signs that remembers."""

    def __init__(self) -> None:
        self.shown: list[tuple[Sign, str]] = []

    def show(self, sign: Sign, site: str) -> None:
        self.shown.append((sign, site))


@dataclass
class House:
    """A voice frontend whose every port is a fake."""

    settings: config.Config = field(default_factory=config.Config)
    timed: bool = False
    transcriber: FakeTranscriber = field(default_factory=lambda: FakeTranscriber(SENTENCES))
    assistant: FakeAssistant = field(default_factory=lambda: FakeAssistant(REPLIES))

    def __post_init__(self) -> None:
        self.turns: list[Turn] = []
        self.names: list[str] = []
        self.listener = FakeListener()  # of the first ear
        self.listeners = [self.listener]
        self.synthesizer = FakeSynthesizer()
        self.sink = FakeSink(timed=self.timed)
        self.signs = FakeSigns()
        parts = Parts(
            config=self.settings,
            clock=SystemClock(),
            listener=self.a_listener,
            transcriber=self.transcriber,
            assistant=self.assistant,
            synthesizer=self.synthesizer,
            sink=self.sink,
            machine=lambda open_ear: Machine(Rules.of(self.settings.turn, open_ear=open_ear)),
            doubt=guard.transcript,
            signs=self.signs,
            hints=lambda language: (f"lamp ({language})",),
        )
        self.voice = VoiceFrontend(parts, on_turn=self.turns.append)

    def a_listener(self, name: str) -> FakeListener:
        if self.names:
            self.listeners.append(FakeListener())
        self.names.append(name)
        return self.listeners[-1]

    def may_answer(self, may_answer: MayAnswerAt) -> None:
        """There are other boxes in the house."""
        parts = replace(self.voice._parts, may_answer=may_answer)
        self.voice = VoiceFrontend(parts, on_turn=self.turns.append)

    def ear(self, source: AudioSource, *, name: str = "microphone", site: str = "") -> Ear:
        return Ear(name, source, self.sink, site=site, area=self.settings.box.area or None)

    async def listen(self, source: AudioSource) -> None:
        """The box's own ear, until this source ends."""
        await self.voice.attend(self.ear(source))

    async def say(self, pcm: bytes, **options: str) -> Turn:
        """The one turn that comes of a recording."""
        (turn,) = await self.voice.play(FakeSource(pcm), name="test.wav", **options)  # type: ignore[arg-type]
        return turn

    def asked(self) -> list[str]:
        return [request.text for request in self.assistant.requests]


@virtual_time
async def test_a_wake_word_and_a_command_are_answered_aloud() -> None:
    house = House()
    turn = await house.say(COMMAND)
    assert turn.closing == "done"
    assert turn.wake_word == "okay_nabu"
    assert turn.transcript is not None
    assert turn.transcript.text == "turn on the light"
    assert turn.reply is not None
    assert turn.reply.text == "The light is on."
    assert house.synthesizer.spoken == ["The light is on."]
    assert len(house.sink.played) == 1
    assert house.turns == [turn]


@virtual_time
async def test_the_request_says_that_it_was_spoken_and_where() -> None:
    house = House(config.Config(box=config.Box(area="Kitchen", language="de")))
    turn = await house.say(COMMAND)
    (request,) = house.assistant.requests
    assert request.id == turn.id
    assert (request.source, request.priority) == ("voice", Priority.VOICE)
    assert (request.area, request.language) == ("Kitchen", "de")
    assert request.deadline > asyncio.get_running_loop().time()


@virtual_time
async def test_the_speech_model_is_told_what_may_be_said() -> None:
    house = House()
    await house.say(COMMAND)
    assert house.transcriber.hints == ("lamp (en)",)


@virtual_time
async def test_the_stages_of_a_turn_are_as_long_as_they_were_in_the_audio() -> None:
    house = House(timed=True)
    turn = await house.say(COMMAND)
    spans = {span.name: span.ms for span in turn.spans}
    assert spans["wake"] == pytest.approx(200, abs=64)
    assert spans["endpoint"] == pytest.approx(700, abs=33)
    assert spans["transcribe"] == pytest.approx(150, abs=1)
    assert spans["speak"] == pytest.approx(800, abs=40)
    assert turn.spans == tuple(sorted(turn.spans, key=lambda span: span.start))


@virtual_time
async def test_a_recording_takes_no_longer_than_its_work() -> None:
    house = House()
    await house.say(silence(60_000) + COMMAND)
    assert asyncio.get_running_loop().time() < 1.0


@virtual_time
async def test_the_answer_is_got_ready_before_the_silence_ends_and_asked_for_once() -> None:
    house = House()
    await house.say(COMMAND)
    assert house.assistant.anticipated == ["turn on the light"]
    assert house.assistant.given_up == []
    assert house.asked() == ["turn on the light"]


@virtual_time
async def test_what_was_got_ready_for_words_that_go_on_is_given_up() -> None:
    house = House(assistant=FakeAssistant(REPLIES, seconds=10.0))
    sentence = speech(500, HALF) + silence(450) + speech(700, OTHER_HALF)
    await house.say(wake_word() + silence(200) + sentence + silence(1500))
    whole = "turn on the light in the kitchen"
    assert house.assistant.anticipated == ["turn on", whole]
    assert house.assistant.given_up == ["turn on", whole]  # the whole: by the question itself
    assert house.asked() == [whole]


@virtual_time
async def test_the_transcription_has_begun_before_the_silence_ends() -> None:
    house = House()
    turn = await house.say(COMMAND)
    spans = {span.name: span for span in turn.spans}
    assert spans["transcribe"].end <= spans["endpoint"].end
    assert house.transcriber.started == 1


@virtual_time
async def test_speech_that_goes_on_after_a_short_pause_is_heard_whole() -> None:
    house = House()
    pause = silence(350)
    sentence = speech(500, HALF) + pause + speech(700, OTHER_HALF)
    turn = await house.say(wake_word() + silence(200) + sentence + silence(1500))
    assert house.asked() == ["turn on the light in the kitchen"]
    assert turn.closing == "done"
    assert house.transcriber.started == 2


@virtual_time
async def test_a_slow_transcription_of_half_a_sentence_is_thrown_away() -> None:
    house = House(transcriber=FakeTranscriber(SENTENCES, seconds=0.6))
    sentence = speech(500, HALF) + silence(350) + speech(700, OTHER_HALF)
    await house.say(wake_word() + silence(200) + sentence + silence(1500))
    assert house.transcriber.cancelled == 1
    assert house.transcriber.heard == ["turn on the light in the kitchen"]


@virtual_time
async def test_a_whole_command_does_not_wait_for_the_end_of_the_silence() -> None:
    wholes = {"turn on the light": Wholeness.WHOLE}
    house = House(assistant=FakeAssistant(REPLIES, wholes=wholes))
    turn = await house.say(COMMAND)
    spans = {span.name: span.ms for span in turn.spans}
    assert 200 <= spans["endpoint"] < 500


@virtual_time
async def test_nothing_said_after_the_wake_word() -> None:
    house = House()
    turn = await house.say(wake_word() + silence(6000))
    assert (turn.closing, turn.reason) == ("no_speech", "nothing was said after the wake word")
    assert house.transcriber.started == 0
    assert house.sink.played == []


@pytest.mark.parametrize("sound", [silence(3000), noise(3000), speech(3000, TURN_ON)])
def test_without_the_wake_word_nothing_is_even_transcribed(sound: bytes) -> None:
    @virtual_time
    async def scenario() -> None:
        house = House()
        turn = await house.say(sound)
        assert (turn.closing, turn.reason) == ("no_speech", "no wake word was heard")
        assert house.transcriber.started == 0

    scenario()


@virtual_time
async def test_a_cough_is_no_command_and_the_turn_says_why() -> None:
    house = House()
    turn = await house.say(wake_word() + silence(200) + speech(300, COUGH) + silence(1500))
    assert (turn.closing, turn.reason) == ("nothing_heard", "no words were heard")
    assert house.asked() == []
    assert house.sink.played == []


@virtual_time
async def test_text_that_speech_models_make_up_never_reaches_the_assistant() -> None:
    house = House()
    turn = await house.say(wake_word() + silence(200) + speech(800, MADE_UP) + silence(1500))
    assert turn.closing == "nothing_heard"
    assert "thanks for watching" in turn.reason
    assert turn.transcript is not None
    assert turn.transcript.text == ""
    assert house.asked() == []


@virtual_time
async def test_a_recording_that_ends_in_the_middle_of_speech() -> None:
    house = House()
    turn = await house.say(wake_word() + silence(200) + speech(800, TURN_ON))
    assert house.asked() == ["turn on the light"]
    assert turn.closing == "done"


@virtual_time
async def test_a_command_without_the_wake_word_when_told_so() -> None:
    house = House()
    turn = await house.say(silence(9000) + speech(800, TURN_ON) + silence(1500), wake="assume")
    assert house.asked() == ["turn on the light"]
    assert turn.wake_word == ""


@virtual_time
async def test_a_silent_recording_of_a_command() -> None:
    turn = await House().say(silence(3000), wake="assume")
    assert (turn.closing, turn.reason) == ("no_speech", "no speech was heard")


@virtual_time
async def test_two_commands_in_one_recording_do_not_interrupt_each_other() -> None:
    house = House(timed=True)
    turns = await house.voice.play(FakeSource(COMMAND + COMMAND), name="two.wav")
    assert [turn.closing for turn in turns] == ["done", "done"]


@virtual_time
async def test_the_wake_word_during_the_reply_cuts_it_off() -> None:
    house = House(timed=True)
    story = wake_word() + silence(200) + speech(800, STORY) + silence(1800)
    room = FakeSource(story + COMMAND + silence(3000), live=True)
    await house.listen(room)
    assert [turn.closing for turn in house.turns] == ["interrupted", "done"]
    assert house.sink.cut_off == 1
    assert house.asked() == ["tell me a story", "turn on the light"]


@virtual_time
async def test_talking_during_the_reply_does_not_cut_it_off() -> None:
    house = House(timed=True)
    room = COMMAND + speech(1000, STORY) + silence(3000)
    await house.listen(FakeSource(room, live=True))
    assert [turn.closing for turn in house.turns] == ["done"]
    assert house.sink.cut_off == 0


@virtual_time
async def test_a_reply_is_spoken_sentence_by_sentence() -> None:
    house = House()
    await house.say(wake_word() + silence(200) + speech(800, STORY) + silence(1500))
    assert house.synthesizer.spoken == ["Once upon a time.", "There was a house.", "It was warm."]


@virtual_time
async def test_a_speech_model_that_is_down_is_said_aloud() -> None:
    house = House()
    house.transcriber.failures = [Temporary("the speech model died twice")]
    turn = await house.say(COMMAND)
    assert turn.closing == "done"
    assert turn.reason == "the speech model died twice"
    assert house.synthesizer.spoken == ["Sorry, I cannot understand speech right now."]
    assert house.asked() == []


@virtual_time
async def test_a_listener_that_dies_in_a_turn_is_said_aloud_and_the_next_turn_works() -> None:
    house = House()
    house.listener.fails_at_call = 16
    turns = await house.voice.play(FakeSource(COMMAND + COMMAND), name="two.wav")
    assert [turn.closing for turn in turns] == ["cancelled", "done"]
    assert turns[0].reason == "the listening worker died"
    assert house.synthesizer.spoken[0] == "Sorry, I cannot understand speech right now."


@virtual_time
async def test_a_listener_that_starts_again_counts_anew_and_nobody_notices() -> None:
    house = House()
    await house.voice.play(FakeSource(silence(2000)), name="silence.wav")

    class Forgetful(FakeSource):
        async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
            count = 0
            async for frame in super().frames(at_once):
                count += 1
                if count == 13:
                    await house.listener.reset()
                yield frame

    (turn,) = await house.voice.play(Forgetful(COMMAND), name="test.wav")
    assert turn.closing == "done"


@virtual_time
async def test_an_assistant_that_hangs_is_given_up() -> None:
    house = House(assistant=FakeAssistant({"turn on the light": "hang"}))
    turn = await house.say(COMMAND)
    assert turn.reason == "the assistant did not answer in time"
    assert house.synthesizer.spoken == ["One moment.", "Sorry, something went wrong."]


@virtual_time
async def test_a_voice_that_is_down_does_not_keep_the_turn_from_ending() -> None:
    house = House()
    house.synthesizer.failures = [Temporary("espeak-ng died")]
    turn = await house.say(COMMAND)
    assert turn.closing == "done"
    assert house.sink.played == []


@virtual_time
async def test_a_loudspeaker_that_is_gone_does_not_keep_the_turn_from_ending() -> None:
    house = House()
    house.sink.failures = [Temporary("there is no loudspeaker")]
    turn = await house.say(wake_word() + silence(200) + speech(800, STORY) + silence(1500))
    assert turn.closing == "done"


PHRASE_HOUSE = config.Config(wake=config.Wake(words=(), phrase="hey lares"))


@virtual_time
async def test_a_wake_phrase_and_a_command_in_one_breath() -> None:
    house = House(PHRASE_HOUSE)
    turn = await house.say(
        silence(500) + speech(400, PHRASE) + speech(800, TURN_ON) + silence(1500)
    )
    assert house.asked() == ["turn on the light"]
    assert turn.wake_word == "hey lares"


@virtual_time
async def test_a_wake_phrase_then_a_command() -> None:
    house = House(PHRASE_HOUSE)
    pause = silence(1200)
    turn = await house.say(speech(400, PHRASE) + pause + speech(800, TURN_ON) + silence(1500))
    assert house.asked() == ["turn on the light"]
    assert turn.closing == "done"


@virtual_time
async def test_a_wake_phrase_a_short_pause_and_a_command() -> None:
    house = House(PHRASE_HOUSE)
    await house.say(speech(400, PHRASE) + silence(400) + speech(800, TURN_ON) + silence(1500))
    assert house.asked() == ["turn on the light"]


@virtual_time
async def test_what_is_not_said_to_lares_leaves_no_record() -> None:
    house = House(PHRASE_HOUSE)
    turns = await house.voice.play(
        FakeSource(silence(300) + speech(800, STORY) + silence(1500)), name="room.wav"
    )
    assert [turn.transcript for turn in turns] == [None]
    assert house.asked() == []


@virtual_time
async def test_a_speech_model_that_is_down_does_not_talk_into_other_peoples_talk() -> None:
    house = House(PHRASE_HOUSE)
    house.transcriber.failures = [Temporary("the speech model died twice")]
    await house.say(speech(800, STORY) + silence(1500))
    assert house.synthesizer.spoken == []


@virtual_time
async def test_a_room_in_which_nobody_speaks_costs_few_messages() -> None:
    house = House()
    await house.voice.play(FakeSource(silence(64_000)), name="room.wav")
    assert house.listener.calls == 250  # for 2000 frames


@virtual_time
async def test_a_recording_is_answered_beside_the_microphone() -> None:
    house = House(timed=True)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(FakeSource(COMMAND + silence(20_000), live=True)))
        await asyncio.sleep(2)  # the microphone is in the middle of its command
        await house.voice.play(FakeSource(COMMAND), name="test.wav")
        assert asyncio.get_running_loop().time() < 6
    assert sorted(turn.source for turn in house.turns) == ["microphone", "test.wav"]
    assert [turn.closing for turn in house.turns] == ["done", "done"]


@virtual_time
async def test_recordings_play_one_after_the_other() -> None:
    house = House(timed=True)
    async with asyncio.TaskGroup() as tasks:
        for name in ("first.wav", "second.wav"):
            tasks.create_task(house.voice.play(FakeSource(COMMAND), name=name))
    assert [turn.source for turn in house.turns] == ["first.wav", "second.wav"]
    assert len(set(house.names)) == 2


@virtual_time
async def test_cancelling_a_turn_stops_its_work() -> None:
    house = House(timed=True)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(house.listen(FakeSource(COMMAND + silence(5000), live=True)))
        await asyncio.sleep(2)
        house.voice.cancel()
    assert [turn.closing for turn in house.turns] == ["cancelled"]


@virtual_time
async def test_a_machine_without_sound_goes_on_without_a_microphone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class NoSound(FakeSource):
        async def frames(self, at_once: Callable[[], int] = one) -> AsyncGenerator[bytes, None]:
            raise Permanent("PortAudio is missing", remedy="sudo apt install libportaudio2")
            yield b""

    await House().listen(NoSound(b""))
    assert "sudo apt install libportaudio2" in caplog.text
