"""The turn's state machine: when a turn opens, what is its command, and when it is over.

A room is written as text, one character for each frame of 32 ms: `.` quiet, `#` speech, `-` faint
speech, `+` a frame between the two thresholds, `W` the wake word (12 frames of speech), `w` one
frame of speech at whose end it was found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd import config
from laresd.core.loudness import Loudness
from laresd.core.turn import CONFIRM, PRE_ROLL, TRAIL, Machine, Rules, State, step
from laresd.core.turn_state import RELEASE
from laresd.turns import (
    Answer,
    Cancel,
    Close,
    Closing,
    Commit,
    Discard,
    Effect,
    Event,
    FrameHeard,
    Open,
    Overhear,
    Phase,
    PlaybackEnded,
    Released,
    ReplyBegun,
    ReplyReady,
    SourceEnded,
    Speak,
    Transcribe,
    Transcribed,
    WakeHeard,
    Wholeness,
)
from laresd.types import FRAME_SAMPLES

PROBABILITY = {".": 0.02, "+": 0.42, "#": 0.9, "w": 0.9, "-": 0.9}
LEVEL = {".": -70.0, "-": -45.0}  # dBFS; all other frames have -30
RULES = Rules.of(config.Turn())
OPEN_EAR = Rules.of(config.Turn(), open_ear=True)
FOLLOW_UP = Rules.of(config.Turn(follow_up_ms=4000))
NO_STOP_WORDS = Rules.of(config.Turn(barge_in="word", max_follow_ups=1))
PRESS = WakeHeard(10**9, "request", held=True)  # a talk button, now
EARLY, END = "." * 7, "." * 22  # silence just over 200 ms and 700 ms


def spelled(room: str) -> str:
    return room.replace("W", "#" * 11 + "w")


class Room:
    """A machine and everything that it asked for."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.machine = Machine(rules)
        self.effects: list[Effect] = []
        self.sample = 0

    def hear(self, frames: str) -> list[Effect]:
        """The effects of these frames alone."""
        before = len(self.effects)
        for frame in spelled(frames):
            self.sample += FRAME_SAMPLES
            self.tell(FrameHeard(self.sample, PROBABILITY[frame], LEVEL.get(frame, -30.0)))
            if frame == "w":
                self.tell(WakeHeard(self.sample, "okay_nabu"))
        return self.effects[before:]

    def tell(self, event: Event) -> list[Effect]:
        new = self.machine.step(event)
        self.effects += new
        return list(new)

    def names(self) -> list[str]:
        return [type(effect).__name__ for effect in self.effects]


E = TypeVar("E", Open, Transcribe, Commit, Close)


def only(effects: list[Effect], kind: type[E]) -> E:
    (found,) = [effect for effect in effects if isinstance(effect, kind)]
    return found


def test_nothing_happens_in_a_room_where_people_talk() -> None:
    room = Room()
    assert room.hear("..####..####" + "." * 300) == []
    assert room.machine.phase is Phase.IDLE


def test_wake_word_command_reply() -> None:
    room = Room()
    room.hear("...W....########" + END)
    assert room.names() == ["Open", "Transcribe", "Commit"]
    assert room.tell(Transcribed(1, "turn on the light")) == [Answer(1)]
    assert room.tell(ReplyReady(1)) == [Speak(1)]
    (close,) = room.tell(PlaybackEnded(1))
    assert isinstance(close, Close)
    assert close.closing is Closing.DONE
    assert room.machine.phase is Phase.IDLE


def test_the_command_is_heard_with_a_pre_roll_and_a_trail_but_without_the_wake_word() -> None:
    room = Room()
    room.hear("W" + "." * 20 + "########" + END)
    transcribe = only(room.effects, Transcribe)
    command_start, command_end = 32 * FRAME_SAMPLES, 40 * FRAME_SAMPLES
    assert transcribe == Transcribe(1, command_start - PRE_ROLL, command_end + TRAIL)
    commit = only(room.effects, Commit)
    assert commit == Commit(1, command_start, command_end, commit.at)


def test_the_pre_roll_never_reaches_into_the_wake_word() -> None:
    room = Room()
    room.hear("W..########" + END)
    assert only(room.effects, Transcribe).start == 12 * FRAME_SAMPLES


def test_the_tail_of_the_wake_word_is_not_the_command() -> None:
    room = Room()
    room.hear("W###" + "." * 10)  # "nabu" still sounds for 96 ms, then the person thinks
    assert room.names() == ["Open"]
    room.hear("#####" + END)
    transcribe = only(room.effects, Transcribe)
    assert transcribe.start >= 15 * FRAME_SAMPLES


def test_a_command_without_a_pause_after_the_wake_word_is_heard_from_there() -> None:
    room = Room()
    room.hear("W##########" + END)
    assert only(room.effects, Transcribe).start == 12 * FRAME_SAMPLES


def test_a_command_that_began_before_the_late_detection_is_not_cut() -> None:
    room = Room()
    room.hear("#######..##w########" + END)
    assert only(room.effects, Transcribe).start == 9 * FRAME_SAMPLES


def test_speech_that_goes_on_discards_the_early_transcription() -> None:
    room = Room()
    room.hear("W...####" + EARLY + "####" + END)
    assert room.names() == ["Open", "Transcribe", "Discard", "Transcribe", "Commit"]
    first, second = (e for e in room.effects if isinstance(e, Transcribe))
    assert second.start == first.start
    assert second.end > first.end
    assert only(room.effects, Commit).job == second.job


def test_a_click_in_the_pause_changes_nothing() -> None:
    room = Room()
    room.hear("W...####" + EARLY + "#" + END)
    assert room.names() == ["Open", "Transcribe", "Commit"]


def test_uncertain_frames_continue_speech_and_do_not_begin_it() -> None:
    assert Room().hear("W..." + "+" * 20) == [Open(12 * FRAME_SAMPLES, "okay_nabu")]
    room = Room()
    room.hear("W...##++++" + END)
    assert only(room.effects, Commit).speech_end == 21 * FRAME_SAMPLES


def test_a_whole_command_ends_the_turn_before_the_silence_does() -> None:
    room = Room()
    room.hear("W...####" + EARLY)
    effects = room.tell(Transcribed(1, "turn on the light", Wholeness.WHOLE))
    assert [type(effect) for effect in effects] == [Commit, Answer]


def test_a_whole_command_waits_while_somebody_may_be_speaking() -> None:
    room = Room()
    room.hear("W...####" + EARLY + "#")
    assert room.tell(Transcribed(1, "turn on the light", Wholeness.WHOLE)) == []
    effects = room.hear(".")
    assert [type(effect) for effect in effects] == [Commit, Answer]


def test_an_early_text_waits_for_the_endpoint() -> None:
    room = Room()
    room.hear("W...####" + EARLY)
    assert room.tell(Transcribed(1, "turn on")) == []
    assert [type(effect) for effect in room.hear(END)] == [Commit, Answer]


def test_words_that_must_go_on_are_waited_for() -> None:
    room = Room()
    room.hear("W...####" + EARLY)
    room.tell(Transcribed(1, "turn on the", Wholeness.OPEN))
    room.hear("." * 50)  # 1.8 s of silence by now
    assert room.names() == ["Open", "Transcribe"]
    room.hear("######" + EARLY)
    assert room.names() == ["Open", "Transcribe", "Discard", "Transcribe"]
    effects = room.tell(Transcribed(2, "turn on the kitchen light", Wholeness.WHOLE))
    assert [type(effect) for effect in effects] == [Commit, Answer]


def test_what_is_clear_but_may_be_added_to_waits_for_less_than_what_is_not() -> None:
    room = Room()
    room.hear("W...####" + EARLY)
    assert room.tell(Transcribed(1, "turn off the lights", Wholeness.LIKELY)) == []
    effects = room.hear("." * 6)
    assert [type(effect) for effect in effects] == [Commit, Answer]
    commit = only(effects, Commit)
    assert commit.at - commit.speech_end == pytest.approx(RULES.clear, abs=FRAME_SAMPLES)


def test_nor_are_they_waited_for_without_end() -> None:
    room = Room()
    room.hear("W...####" + EARLY)
    room.tell(Transcribed(1, "turn on the", Wholeness.OPEN))
    effects = room.hear("." * 60)
    assert [type(effect) for effect in effects] == [Commit, Answer]
    commit = only(effects, Commit)
    assert commit.at - commit.speech_end == pytest.approx(RULES.open, abs=FRAME_SAMPLES)


def test_sound_after_which_the_words_are_the_same_was_no_speech() -> None:
    room = Room()
    room.hear("W...####" + EARLY)
    room.tell(Transcribed(1, "tell me a story"))
    room.hear("###" + EARLY)  # a cup
    effects = room.tell(Transcribed(2, "Tell me a story"))
    assert [type(effect) for effect in effects] == [Commit, Answer]


def test_words_that_must_go_on_are_waited_for_though_a_cup_was_heard() -> None:
    room = Room()
    room.hear("W...####" + EARLY)
    room.tell(Transcribed(1, "turn on the", Wholeness.OPEN))
    room.hear("###" + EARLY)
    assert room.tell(Transcribed(2, "turn on the", Wholeness.OPEN)) == []


def test_what_is_much_fainter_than_the_speaker_does_not_keep_the_turn_open() -> None:
    room = Room()
    room.hear("W...########" + "-" * 24)
    assert room.names() == ["Open", "Transcribe", "Commit"]
    commit = only(room.effects, Commit)
    assert commit.speech_end == 25 * FRAME_SAMPLES  # two frames of the smoothing


def test_a_faint_voice_is_heard_where_nobody_is_louder() -> None:
    room = Room()
    room.hear("W" + "." * 12 + "-" * 8 + END)
    assert room.names() == ["Open", "Transcribe", "Commit"]


def test_a_door_that_slams_is_not_the_measure_for_long() -> None:
    loud = Loudness().after(-10.0).after_speech()
    for _ in range(3):
        loud = loud.after(-25.0)
    assert loud.has_faded
    for _ in range(150):  # 5 s
        loud = loud.after(-25.0)
    assert not loud.has_faded


def test_speech_that_goes_on_and_adds_no_words_is_somebody_else() -> None:
    room = Room()
    room.hear("W.." + "#" * 64)  # 2 s
    (first,) = (e for e in room.effects if isinstance(e, Transcribe))
    assert room.tell(Transcribed(first.job, "turn on the fan")) == []
    room.hear("#" * 63)
    second = [e for e in room.effects if isinstance(e, Transcribe)][-1]
    assert second.start == first.start
    assert second.end > first.end
    effects = room.tell(Transcribed(second.job, "turn on the fan"))
    assert [type(effect) for effect in effects] == [Commit, Answer]
    assert only(effects, Commit).job == second.job


def test_speech_that_goes_on_with_new_words_is_heard_to_its_end() -> None:
    room = Room()
    for number in range(1, 4):
        room.hear(("W.." if number == 1 else "") + "#" * 64)
        room.tell(Transcribed(number, "a story about " + "a wolf and " * number))
    room.hear(EARLY)
    transcribe = [e for e in room.effects if isinstance(e, Transcribe)][-1]
    assert transcribe.job == 4
    assert not any(isinstance(effect, Commit) for effect in room.effects)


def test_a_look_at_speech_that_ends_meanwhile_is_given_up_for_one_at_all_of_it() -> None:
    room = Room()
    room.hear("W.." + "#" * 66 + EARLY)
    assert room.names() == ["Open", "Transcribe", "Discard", "Transcribe"]


def test_a_reply_is_spoken_while_the_rest_is_generated() -> None:
    room = Room()
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "tell me a story"))
    assert room.tell(ReplyBegun(1)) == [Speak(1)]
    assert room.machine.phase is Phase.SPEAKING
    assert room.tell(PlaybackEnded(1)) == []  # there is more to come
    assert room.tell(ReplyReady(1)) == []
    (close,) = room.tell(PlaybackEnded(1))
    assert isinstance(close, Close)


def test_a_generated_reply_may_ask_at_its_end() -> None:
    room = Room(FOLLOW_UP)
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "tell me a story"))
    room.tell(ReplyBegun(1))
    room.tell(ReplyReady(1, asks=True))
    room.tell(PlaybackEnded(1))
    assert room.machine.phase is Phase.FOLLOW_UP


def test_something_short_that_is_said_into_a_reply_is_overheard() -> None:
    room = speaking()
    effects = room.hear("######" + EARLY)
    (overheard,) = effects
    assert isinstance(overheard, Overhear)
    assert overheard.end - overheard.start >= 6 * FRAME_SAMPLES
    assert overheard.start >= room.machine.keep_from


def test_a_long_talk_beside_a_reply_is_not() -> None:
    room = speaking()
    assert room.hear("#" * 50 + EARLY) == []


def test_nothing_is_overheard_where_only_the_wake_word_ends_a_reply() -> None:
    room = speaking(Rules.of(config.Turn(barge_in="word")))
    assert room.hear("######" + EARLY) == []


def speaking(rules: Rules = RULES) -> Room:
    room = Room(rules)
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "tell me a story"))
    room.tell(ReplyReady(1))
    return room


def test_a_conversation_without_the_wake_word_has_an_end() -> None:
    room = Room(Rules.of(config.Turn(max_follow_ups=2)))
    for job, opening in enumerate(("W...", "." * 10, "." * 10), 1):
        room.hear(opening + "####" + END)
        room.tell(Transcribed(job, "which one"))
        room.tell(ReplyReady(job, asks=True, waits=True))
        room.tell(PlaybackEnded(job))
    assert room.machine.phase is Phase.IDLE
    room.hear("W...####" + END)
    room.tell(Transcribed(4, "which one"))
    room.tell(ReplyReady(4, asks=True))
    room.tell(PlaybackEnded(4))
    room.hear("." * 10 + "####" + END)
    assert room.names()[-3:] == ["Open", "Transcribe", "Commit"]


def test_the_text_of_a_discarded_job_is_ignored() -> None:
    room = Room()
    room.hear("W...####" + EARLY + "####")
    assert room.tell(Transcribed(1, "turn on", Wholeness.WHOLE)) == []
    assert room.machine.phase is Phase.LISTENING


def test_silence_after_the_wake_word_ends_the_turn() -> None:
    room = Room()
    room.hear("W" + "." * 156)
    assert room.names() == ["Open"]
    (close,) = room.hear(".")
    assert isinstance(close, Close)
    assert close.closing is Closing.NO_SPEECH


def test_noise_that_becomes_no_text_closes_the_turn_without_an_action() -> None:
    room = Room()
    room.hear("W...####" + END)
    (close,) = room.tell(Transcribed(1, ""))
    assert isinstance(close, Close)
    assert close.closing is Closing.NOTHING_HEARD


def test_somebody_who_never_stops_is_cut_at_the_longest_utterance() -> None:
    room = Room()
    room.hear("W.." + "#" * 500)
    commit = only(room.effects, Commit)
    assert commit.speech_end - commit.speech_start == pytest.approx(
        RULES.longest, abs=FRAME_SAMPLES
    )


def test_the_wake_word_said_twice_begins_again() -> None:
    room = Room()
    room.hear("W...####" + EARLY + "W...#####" + END)
    assert room.names() == ["Open", "Transcribe", "Discard", "Transcribe", "Commit"]
    second = [e for e in room.effects if isinstance(e, Transcribe)][1]
    assert second.start == 38 * FRAME_SAMPLES


@pytest.mark.parametrize("speaking", [False, True])
def test_the_wake_word_interrupts_thinking_and_speaking(speaking: bool) -> None:
    room = Room()
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "tell me a story"))
    if speaking:
        room.tell(ReplyReady(1))
    close, opened = room.hear("W")
    assert isinstance(close, Close)
    assert close.closing is Closing.INTERRUPTED
    assert isinstance(opened, Open)
    assert room.tell(PlaybackEnded(1)) == []
    assert room.machine.phase is Phase.LISTENING


def test_speech_without_the_wake_word_does_not_interrupt() -> None:
    room = Room()
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "tell me a story"))
    room.tell(ReplyReady(1))
    assert room.hear("#" * 50) == []


def test_an_open_ear_opens_a_turn_at_speech_and_hears_its_beginning() -> None:
    room = Room(OPEN_EAR)
    room.hear("." * 20 + "######" + END)
    assert room.names() == ["Open", "Transcribe", "Commit"]
    assert only(room.effects, Transcribe).start == 20 * FRAME_SAMPLES - PRE_ROLL


def test_an_open_ear_forgets_what_was_not_said_to_it() -> None:
    room = Room(OPEN_EAR)
    room.hear("....######" + END)
    (close,) = room.tell(Transcribed(1, "", addressed=False))
    assert isinstance(close, Close)
    assert close.closing is Closing.NOT_ADDRESSED


def test_the_wake_phrase_alone_listens_for_the_command() -> None:
    room = Room(OPEN_EAR)
    room.hear("....######" + END)
    assert room.tell(Transcribed(1, "", wake_only=True)) == []
    assert room.machine.phase is Phase.LISTENING
    room.hear("..#####" + END)
    assert room.names() == ["Open", "Transcribe", "Commit", "Transcribe", "Commit"]


def test_a_question_is_followed_by_listening_without_the_wake_word() -> None:
    room = Room(FOLLOW_UP)
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "turn it on"))
    room.tell(ReplyReady(1, asks=True))
    room.tell(PlaybackEnded(1))
    assert room.machine.phase is Phase.FOLLOW_UP
    room.hear("." * 10 + "####" + END)
    assert room.names()[-3:] == ["Open", "Transcribe", "Commit"]


def test_a_television_does_not_answer_a_question() -> None:
    room = Room(FOLLOW_UP)
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "turn it on"))
    room.tell(ReplyReady(1, asks=True))
    room.tell(PlaybackEnded(1))
    assert room.hear("." * 10 + "-" * 40) == []
    room.hear("####" + END)
    assert room.names()[-3:] == ["Open", "Transcribe", "Commit"]


def test_a_question_that_nobody_answers_is_forgotten() -> None:
    room = Room(FOLLOW_UP)
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "turn it on"))
    room.tell(ReplyReady(1, asks=True))
    room.tell(PlaybackEnded(1))
    assert room.hear("." * 135) == []
    assert room.machine.phase is Phase.IDLE


def test_what_is_asked_before_an_action_is_listened_to_whatever_the_settings() -> None:
    room = Room(Rules.of(config.Turn(follow_up_ms=0)))
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "unlock the front door"))
    room.tell(ReplyReady(1, asks=True, waits=True))
    room.tell(PlaybackEnded(1))
    assert room.machine.phase is Phase.FOLLOW_UP
    room.hear("." * 200 + "####" + END)
    assert room.names()[-3:] == ["Open", "Transcribe", "Commit"]


def test_the_answer_before_an_action_is_not_waited_for_without_end() -> None:
    room = Room()
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "unlock the front door"))
    room.tell(ReplyReady(1, asks=True, waits=True))
    room.tell(PlaybackEnded(1))
    assert room.hear("." * 260) == []
    assert room.machine.phase is Phase.IDLE


def test_any_other_question_keeps_the_ear_shut_where_no_follow_ups_are_wanted() -> None:
    room = Room(Rules.of(config.Turn(follow_up_ms=0)))
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "turn on the lamp"))
    room.tell(ReplyReady(1, asks=True))
    room.tell(PlaybackEnded(1))
    assert room.machine.phase is Phase.IDLE


def test_a_recording_that_ends_in_speech_is_answered() -> None:
    room = Room()
    room.hear("W...####")
    effects = room.tell(SourceEnded())
    assert [type(effect) for effect in effects] == [Transcribe, Commit]
    assert only(effects, Transcribe).end == room.sample
    assert room.tell(Transcribed(1, "turn on the light")) == [Answer(1)]


@pytest.mark.parametrize("frames", ["W", "W###", "W......"])
def test_a_recording_that_ends_after_the_wake_word_says_so(frames: str) -> None:
    room = Room()
    room.hear(frames)
    (close,) = room.tell(SourceEnded())
    assert isinstance(close, Close)
    assert close.closing is Closing.NO_SPEECH


@pytest.mark.parametrize("frames", ["W..", "W...####", "W...####" + END])
def test_cancelling_stops_whatever_goes_on(frames: str) -> None:
    room = Room()
    room.hear(frames)
    (close,) = room.tell(Cancel())
    assert isinstance(close, Close)
    assert close.closing is Closing.CANCELLED
    assert room.tell(Cancel()) == []


def test_frames_that_come_again_are_ignored() -> None:
    room = Room()
    room.hear("W...####")
    assert room.tell(FrameHeard(FRAME_SAMPLES, 0.9)) == []


# -- a talk button ----------------------------------------------------------------------------


def test_while_a_button_is_held_no_pause_ends_what_is_said() -> None:
    room = Room()
    room.tell(PRESS)
    room.hear("...####" + EARLY)
    assert room.tell(Transcribed(1, "turn on the light", Wholeness.WHOLE)) == []
    assert room.hear("." * 100) == []
    assert [type(effect) for effect in room.tell(Released())] == [Commit, Answer]


def test_what_was_begun_right_after_the_button_is_no_wake_word() -> None:
    room = Room()
    room.tell(PRESS)
    room.hear("####" + EARLY)
    assert only(room.effects, Transcribe).start == 0


def test_the_word_that_still_sounds_at_the_release_is_heard_to_its_end() -> None:
    room = Room()
    room.tell(PRESS)
    room.hear("...########")
    assert room.tell(Released()) == []
    room.hear("##..")
    commit = only(room.effects, Commit)
    assert commit.speech_end == 13 * FRAME_SAMPLES


def test_a_room_that_does_not_fall_silent_does_not_keep_a_released_button_open() -> None:
    room = Room()
    room.tell(PRESS)
    room.hear("...########")
    room.tell(Released())
    room.hear("#" * 10)
    commit = only(room.effects, Commit)
    assert commit.at - 11 * FRAME_SAMPLES <= RELEASE + FRAME_SAMPLES


def test_a_button_that_is_let_go_though_nobody_spoke_ends_the_turn() -> None:
    room = Room()
    room.tell(PRESS)
    room.hear("." * 300)
    assert only(room.tell(Released()), Close).closing is Closing.NO_SPEECH


def test_a_button_that_is_never_let_go_does_not_listen_for_ever() -> None:
    room = Room()
    room.tell(PRESS)
    room.hear("." * 2000)
    assert only(room.effects, Close).closing is Closing.NO_SPEECH


def test_a_release_ends_nothing_that_no_button_began() -> None:
    room = Room()
    room.hear("W...####" + EARLY)
    assert room.tell(Released()) == []
    assert room.machine.phase is Phase.LISTENING


# -- a wake phrase in a reply ------------------------------------------------------------------


def spoken_to(room: Room) -> Room:
    """Somebody said something, and the reply sounds."""
    room.hear("...########" + END)
    room.tell(Transcribed(1, "tell me a story"))
    room.tell(ReplyReady(1))
    return room


def test_with_an_open_ear_the_beginning_of_long_speech_in_a_reply_is_looked_at_once() -> None:
    room = spoken_to(Room(OPEN_EAR))
    found = room.hear("#" * 100 + END)
    (overheard,) = [effect for effect in found if isinstance(effect, Overhear)]
    assert overheard.goes_on


def test_with_a_wake_word_only_what_is_short_is_looked_at() -> None:
    room = Room()
    room.hear("W...########" + END)
    room.tell(Transcribed(1, "tell me a story"))
    room.tell(ReplyReady(1))
    assert room.hear("#" * 100 + END) == []


def test_a_phrase_in_a_reply_opens_a_turn_in_which_it_was_said_already() -> None:
    room = spoken_to(Room(OPEN_EAR))
    (overheard,) = room.hear("#" * 30 + EARLY)
    assert isinstance(overheard, Overhear) and not overheard.goes_on
    names = [type(e) for e in room.tell(WakeHeard(overheard.start, "hey", until=overheard.end))]
    assert names == [Close, Open]
    assert only(room.hear(EARLY), Transcribe).start == overheard.start


# -- words that follow a command that was closed at once ---------------------------------------


def answered_at_once(room: Room, more: str, *, asks: bool = False) -> list[Effect]:
    """The effects of the end of a reply to a command after which `more` was heard."""
    room.hear("W...####" + EARLY)
    room.tell(Transcribed(1, "turn on the light", Wholeness.WHOLE))
    room.tell(ReplyReady(1, asks=asks))
    room.hear(more)
    return room.tell(PlaybackEnded(1))


def test_they_are_a_turn_of_their_own_when_the_command_was_answered() -> None:
    room = Room()
    close, opened, transcribe, commit = answered_at_once(room, "." * 10 + "#" * 10 + END)
    assert isinstance(close, Close) and close.closing is Closing.DONE
    assert isinstance(opened, Open) and opened.goes_on
    assert room.machine.phase is Phase.THINKING  # nobody is told that the ear is open
    assert isinstance(transcribe, Transcribe) and isinstance(commit, Commit)
    assert transcribe.job == commit.job == 2
    first_end = 19 * FRAME_SAMPLES
    assert transcribe.start >= first_end  # nothing of the first command is heard twice


def test_what_is_still_being_said_then_is_heard_to_its_end() -> None:
    room = Room()
    answered_at_once(room, "." * 10 + "#" * 10)
    assert room.hear("#" * 10) == []
    commit = only(room.hear(END), Commit)
    assert commit.speech_end == room.sample - len(END) * FRAME_SAMPLES


@pytest.mark.parametrize(
    "more", ["." * 60, "." * 60 + "#" * 10 + END, "." * 10 + "#" + END, "." * 10 + "-" * 20 + END]
)
def test_silence_and_what_comes_late_or_from_far_away_is_nothing(more: str) -> None:
    room = Room()
    (close,) = answered_at_once(room, more)
    assert isinstance(close, Close)
    assert room.machine.phase is Phase.IDLE


def test_they_are_no_answer_to_a_question() -> None:
    room = Room()
    (close,) = answered_at_once(room, "." * 10 + "#" * 10 + END, asks=True)
    assert isinstance(close, Close)
    assert room.machine.phase is Phase.FOLLOW_UP


def test_a_command_that_ended_with_silence_has_nothing_after_it() -> None:
    room = Room()
    room.hear("W...####" + END)
    room.tell(Transcribed(1, "turn on the light"))
    room.tell(ReplyReady(1))
    room.hear("." * 3 + "#" * 10 + END)
    assert [type(effect) for effect in room.tell(PlaybackEnded(1))] == [Close]


# -- any events in any order ------------------------------------------------------------------

jobs = st.integers(0, 6)
at = st.integers(0, 900 * FRAME_SAMPLES)
events: st.SearchStrategy[str | Event] = st.one_of(
    st.text(alphabet=".#+-Ww", min_size=1, max_size=60),
    st.sampled_from(["." * 30, "#" * 20, "." * 170, "#" * 480]),
    st.builds(
        Transcribed,
        jobs,
        st.sampled_from(["", "turn on", "turn on the light"]),
        st.sampled_from(Wholeness),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(ReplyBegun, jobs),
    st.builds(ReplyReady, jobs, st.booleans(), st.booleans()),
    st.builds(PlaybackEnded, jobs),
    st.builds(Released, st.booleans()),
    st.sampled_from([PRESS, Cancel(), SourceEnded()]),
    st.builds(WakeHeard, at, st.just("hey lares"), until=at),
)
all_rules = st.sampled_from([RULES, OPEN_EAR, FOLLOW_UP, NO_STOP_WORDS])


def turns(effects: list[Effect]) -> Iterator[list[Effect]]:
    """The effects of each turn, from its Open to its Close."""
    turn: list[Effect] = []
    for effect in effects:
        if isinstance(effect, Open):
            assert not turn, "a turn opened inside a turn"
        else:
            assert turn, f"{effect} outside a turn"
        turn.append(effect)
        if isinstance(effect, Close):
            yield turn
            turn = []
    if turn:
        yield turn


def check_jobs(effects: list[Effect], heard: int) -> None:
    """One job at a time, each inside the audio, and every answer to a committed one."""
    wanted: int | None = None
    committed: int | None = None
    for effect in effects:
        match effect:
            case Transcribe():
                assert wanted is None or wanted == committed, "two jobs at once"
                assert 0 <= effect.start < effect.end <= heard
                wanted = effect.job
            case Discard():
                assert effect.job == wanted
                wanted = None
            case Commit():
                assert effect.job == wanted, "commits to a job that is not wanted"
                assert committed != effect.job, "commits twice"
                assert effect.speech_start < effect.speech_end <= effect.at <= heard
                committed = effect.job
            case Answer() | Speak():
                assert effect.job == committed


@given(all_rules, st.lists(events, max_size=25))
def test_any_sequence_of_events_keeps_the_invariants(
    rules: Rules, script: list[str | Event]
) -> None:
    room = Room(rules)
    for item in script:
        if isinstance(item, str):
            room.hear(item)
        else:
            room.tell(item)
        assert room.machine.keep_from <= room.sample
    numbers = [effect.job for effect in room.effects if isinstance(effect, Transcribe)]
    assert numbers == list(range(1, len(numbers) + 1))
    for turn in turns(room.effects):
        check_jobs(turn, room.sample)
        assert sum(isinstance(effect, Answer) for effect in turn) <= 1
        kinds = [type(effect) for effect in turn]
        if Answer in kinds:
            assert Commit in kinds[: kinds.index(Answer)], "an answer to what was not committed"
        if Speak in kinds:
            assert Answer in kinds[: kinds.index(Speak)], "a reply that nobody asked for"


@given(all_rules, st.lists(events, max_size=15))
def test_whatever_happened_silence_and_finished_work_lead_back_to_idle(
    rules: Rules, script: list[str | Event]
) -> None:
    room = Room(rules)
    for item in script:
        if isinstance(item, str):
            room.hear(item)
        else:
            room.tell(item)
    for _ in range(3):
        room.hear("." * 200)
        job = sum(isinstance(effect, Transcribe) for effect in room.effects)
        for event in (Transcribed(job, "x"), ReplyReady(job), PlaybackEnded(job), SourceEnded()):
            room.tell(event)
    assert room.machine.phase is Phase.IDLE


@given(all_rules, st.lists(events, max_size=15))
def test_audio_that_an_effect_names_was_kept(rules: Rules, script: list[str | Event]) -> None:
    state, sample = State(), 0
    for item in script:
        events = [item] if not isinstance(item, str) else list(frames(item, sample))
        for event in events:
            kept_from = state.keep_from
            state, effects = step(state, event, rules)
            for effect in effects:
                if isinstance(effect, Transcribe | Overhear):
                    assert effect.start >= kept_from
        sample = state.now if isinstance(item, str) else sample


def frames(room: str, sample: int) -> Iterator[Event]:
    for frame in spelled(room):
        sample += FRAME_SAMPLES
        yield FrameHeard(sample, PROBABILITY[frame], LEVEL.get(frame, -30.0))
        if frame == "w":
            yield WakeHeard(sample, "okay_nabu")


def test_the_shortest_speech_that_counts() -> None:
    assert CONFIRM == 2 * FRAME_SAMPLES


def test_a_wake_word_that_is_told_far_too_late_opens_where_sound_is_still_kept() -> None:
    rules = Rules.of(config.Turn())
    state, _ = State(), None
    for event in frames("#" * 100, 0):
        state, _ = step(state, event, rules)
    kept_from = state.keep_from
    state, effects = step(state, WakeHeard(0, "hey lares"), rules)
    assert Open(kept_from, "hey lares") in effects
    assert state.begin >= kept_from
