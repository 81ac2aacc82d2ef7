"""When a spoken turn begins, which audio is its command, and when it is over. Pure.

`step` takes a state and an event and gives the next state and what to do. Time is counted in
samples of the audio itself. The rules of listening:

- A turn opens at a wake word, or, with an open ear, at speech.
- Speech counts when it lasts CONFIRM: one frame is a click. Between the two thresholds of the
  voice activity a frame continues what was there before.
- At the first short pause a transcription starts on what was said so far. Speech that goes on
  discards it; silence that lasts, or a text that is a whole command already, commits it.
- What is left of the wake word after its detection (TAIL) is not the command, and a command that
  began before the detection came (LOOK_BACK) is not cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from laresd import config
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
    Phase,
    PlaybackEnded,
    ReplyReady,
    SourceEnded,
    Speak,
    Transcribe,
    Transcribed,
    WakeHeard,
)
from laresd.types import FRAME_SAMPLES, SAMPLE_RATE

CONFIRM = 2 * FRAME_SAMPLES  # speech shorter than this is a click
PRE_ROLL = SAMPLE_RATE * 3 // 10  # heard before the first speech frame: soft consonants
TRAIL = SAMPLE_RATE * 2 // 10  # heard after the last
TAIL = SAMPLE_RATE * 3 // 10  # the wake word may sound this long after its detection
LOOK_BACK = SAMPLE_RATE * 3 // 10  # a command may have begun this long before it
ECHO = SAMPLE_RATE * 2 // 10  # of the reply in the room, before a follow-up is listened for
KEEP = SAMPLE_RATE  # of audio while no turn is open

Effects = tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """Durations in samples; probabilities of speech. `open_ear`: speech opens a turn."""

    early: int
    end: int
    start_timeout: int
    longest: int
    follow_up: int
    answer: int
    speech: float
    quiet: float
    open_ear: bool = False

    @classmethod
    def of(cls, settings: config.Turn, *, open_ear: bool = False) -> Self:
        """The rules that a configuration asks for."""

        def samples(ms: int) -> int:
            return ms * SAMPLE_RATE // 1000

        return cls(
            early=samples(settings.early_silence_ms),
            end=samples(settings.end_silence_ms),
            start_timeout=samples(settings.start_timeout_ms),
            longest=samples(settings.max_utterance_ms),
            follow_up=samples(settings.follow_up_ms),
            answer=samples(max(settings.answer_ms, settings.follow_up_ms)),
            speech=settings.vad_threshold,
            quiet=max(0.0, settings.vad_threshold - 0.15),
            open_ear=open_ear,
        )


@dataclass(frozen=True, slots=True)
class Speech:
    """What was said so far in the turn."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class State:
    """Where a conversation stands. Positions are sample indexes."""

    phase: Phase = Phase.IDLE
    now: int = 0
    run_start: int | None = None  # of the speech frames that follow each other up to now
    quiet_end: int | None = None  # of the last frame without speech
    begin: int = 0  # first sample that may belong to the turn
    woken: bool = False  # by a wake word, whose tail may still sound
    said: Speech | None = None
    jobs: int = 0  # how many were started
    job: int | None = None  # the one whose text is wanted
    text: Transcribed | None = None  # its result, when it came before the endpoint
    window: int = 0  # how long the answer to the reply is listened for
    ended: bool = False  # no more audio will come

    @property
    def keep_from(self) -> int:
        """The first sample that a later effect may name."""
        recent = max(0, self.now - KEEP)
        if self.phase is Phase.LISTENING and self.said:
            return min(recent, max(self.begin, self.said.start - PRE_ROLL))
        return recent


class Machine:
    """Holds the state between the steps (port `TurnMachine`)."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._state = State()

    @property
    def phase(self) -> Phase:
        return self._state.phase

    @property
    def keep_from(self) -> int:
        return self._state.keep_from

    def step(self, event: Event) -> Effects:
        self._state, effects = step(self._state, event, self._rules)
        return effects


def step(state: State, event: Event, rules: Rules) -> tuple[State, Effects]:
    """The next state, and what to do, in order. Any event may come at any time."""
    match event:
        case FrameHeard():
            return (state, ()) if state.ended else _frame(state, event, rules)
        case WakeHeard():
            return (state, ()) if state.ended else _wake(state, event)
        case Transcribed():
            return _transcribed(state, event)
        case ReplyReady() | PlaybackEnded():
            return _answered(state, event, rules)
        case Cancel():
            return _cancel(state)
        case SourceEnded():
            return _source_ended(replace(state, ended=True))


def _frame(state: State, event: FrameHeard, rules: Rules) -> tuple[State, Effects]:
    if event.end <= state.now:
        return state, ()
    start = max(state.now, event.end - FRAME_SAMPLES)
    goes_on = event.speech >= rules.quiet and state.run_start is not None
    if event.speech >= rules.speech or goes_on:
        run_start = start if state.run_start is None else state.run_start
        state = replace(state, now=event.end, run_start=run_start)
    else:
        state = replace(state, now=event.end, run_start=None, quiet_end=event.end)
    if state.phase is Phase.LISTENING:
        return _listen(state, rules)
    if state.phase is Phase.FOLLOW_UP:
        return _follow_up(state, rules)
    if state.phase is Phase.IDLE and rules.open_ear:
        return _open_at_speech(state, floor=0)
    return state, ()


def _running(state: State) -> int | None:
    """Where the speech that goes on now began, once it is no click."""
    if state.run_start is None or state.now - state.run_start < CONFIRM:
        return None
    return state.run_start


def _follow_up(state: State, rules: Rules) -> tuple[State, Effects]:
    if state.now - state.begin >= state.window:
        return replace(state, phase=Phase.IDLE), ()
    return _open_at_speech(state, floor=state.begin)


def _open_at_speech(state: State, floor: int) -> tuple[State, Effects]:
    run_start = _running(state)
    if run_start is None or run_start < floor:
        return state, ()
    opened = _fresh(state, max(floor, run_start - PRE_ROLL))
    return replace(opened, said=Speech(run_start, state.now)), (Open(run_start, ""),)


def _fresh(state: State, begin: int, *, phase: Phase = Phase.LISTENING) -> State:
    """A new turn or none: nothing was heard yet."""
    return State(
        phase=phase,
        now=state.now,
        run_start=state.run_start,
        quiet_end=state.quiet_end,
        begin=begin,
        jobs=state.jobs,
        ended=state.ended,
    )


def _wake(state: State, event: WakeHeard) -> tuple[State, Effects]:
    at = max(0, min(event.at, state.now))
    begin = at
    dip = state.quiet_end
    if dip is not None and at - LOOK_BACK < dip < at and state.run_start is not None:
        begin = dip
    effects: tuple[Effect, ...] = (Open(at, event.name),)
    if state.phase is Phase.LISTENING:
        begin = max(begin, state.begin)
        effects = _discard(state)
    elif state.phase in (Phase.THINKING, Phase.SPEAKING):
        effects = (Close(Closing.INTERRUPTED, state.now), *effects)
    run_start = None if state.run_start is None else max(state.run_start, begin)
    return replace(_fresh(state, begin), woken=True, run_start=run_start), effects


def _discard(state: State) -> Effects:
    return () if state.job is None else (Discard(state.job),)


def _listen(state: State, rules: Rules) -> tuple[State, Effects]:
    run_start = _running(state)
    if run_start is not None:
        start = state.said.start if state.said else run_start
        return _speaking_on(state, Speech(start, state.now), rules)
    if state.run_start is not None:  # the next frame tells whether this is speech
        return state, ()
    if state.said:
        return _pause(state, state.said, rules)
    if state.now - state.begin >= rules.start_timeout:
        return _close(state, Closing.NO_SPEECH)
    return state, ()


def _speaking_on(state: State, said: Speech, rules: Rules) -> tuple[State, Effects]:
    effects = _discard(state)
    state = replace(state, said=said, job=None, text=None)
    if said.end - said.start < rules.longest:
        return state, effects
    state, more = _endpoint(state, said)
    return state, (*effects, *more)


def _pause(state: State, said: Speech, rules: Rules) -> tuple[State, Effects]:
    silence = state.now - said.end
    if silence < min(rules.early, rules.end):
        return state, ()
    if _only_the_wake_word(state, said):
        return replace(state, begin=said.end, said=None, woken=False), ()
    if silence >= rules.end or (state.text and state.text.complete):
        return _endpoint(state, said)
    if state.job is not None:
        return state, ()
    state, effect = _transcribe(state, said)
    return state, (effect,)


def _only_the_wake_word(state: State, said: Speech) -> bool:
    follows_at_once = said.start - state.begin < CONFIRM
    return state.woken and follows_at_once and said.end - state.begin <= TAIL


def _transcribe(state: State, said: Speech) -> tuple[State, Transcribe]:
    job = state.jobs + 1
    start = max(state.begin, said.start - PRE_ROLL)
    effect = Transcribe(job, start, min(said.end + TRAIL, state.now))
    return replace(state, jobs=job, job=job), effect


def _endpoint(state: State, said: Speech) -> tuple[State, Effects]:
    """The utterance is over: commit to the job that heard all of it, or start one."""
    effects: Effects = ()
    job = state.job
    if job is None:
        state, effect = _transcribe(state, said)
        effects, job = (effect,), effect.job
    effects = (*effects, Commit(job, said.start, said.end, state.now))
    state = replace(state, phase=Phase.THINKING)
    if state.text is None:
        return state, effects
    state, more = _resolve(state, state.text)
    return state, (*effects, *more)


def _transcribed(state: State, event: Transcribed) -> tuple[State, Effects]:
    if event.job != state.job or state.text is not None:
        return state, ()
    state = replace(state, text=event)
    if state.phase is Phase.THINKING:
        return _resolve(state, event)
    if state.said and event.complete and state.run_start is None:
        return _endpoint(state, state.said)
    return state, ()


def _resolve(state: State, heard: Transcribed) -> tuple[State, Effects]:
    """What becomes of an utterance that has ended, by its text."""
    if heard.failed:
        return state, (Answer(heard.job),)
    if not heard.addressed:
        return _close(state, Closing.NOT_ADDRESSED)
    if heard.wake_only and not state.ended:
        return _fresh(state, state.now), ()
    if not heard.text:
        return _close(state, Closing.NOTHING_HEARD)
    return state, (Answer(heard.job),)


def _answered(
    state: State, event: ReplyReady | PlaybackEnded, rules: Rules
) -> tuple[State, Effects]:
    if event.job != state.job or state.text is None:
        return state, ()
    if isinstance(event, ReplyReady) and state.phase is Phase.THINKING:
        window = rules.answer if event.waits else rules.follow_up if event.asks else 0
        return replace(state, phase=Phase.SPEAKING, window=window), (Speak(event.job),)
    if isinstance(event, PlaybackEnded) and state.phase is Phase.SPEAKING:
        closed, effects = _close(state, Closing.DONE)
        if state.window > 0 and not state.ended:
            begin = state.now + ECHO
            closed = replace(closed, phase=Phase.FOLLOW_UP, begin=begin, window=state.window)
        return closed, effects
    return state, ()


def _close(state: State, closing: Closing) -> tuple[State, Effects]:
    closed = replace(_fresh(state, state.now, phase=Phase.IDLE), run_start=None)
    return closed, (Close(closing, state.now),)


def _cancel(state: State) -> tuple[State, Effects]:
    if state.phase in (Phase.LISTENING, Phase.THINKING, Phase.SPEAKING):
        return _close(state, Closing.CANCELLED)
    return replace(state, phase=Phase.IDLE), ()


def _source_ended(state: State) -> tuple[State, Effects]:
    if state.phase is Phase.FOLLOW_UP:
        return replace(state, phase=Phase.IDLE), ()
    if state.phase is not Phase.LISTENING:
        return state, ()
    if state.said and not _only_the_wake_word(state, state.said):
        return _endpoint(state, state.said)
    return _close(state, Closing.NO_SPEECH)
