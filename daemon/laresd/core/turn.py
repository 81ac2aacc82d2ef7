"""When a spoken turn begins, which audio is its command, and when it is over. Pure.

`step` takes a state and an event and gives the next state and what to do. Time is counted in
samples of the audio itself. The rules of listening:

- A turn opens at a wake word, or, with an open ear, at speech.
- Speech counts when it lasts CONFIRM: one frame is a click. Between the two thresholds of the
  voice activity a frame continues what was there before.
- At the first short pause a transcription starts on what was said so far. Speech that goes on
  discards it; silence that lasts commits it. How long that must be depends on the text: a whole
  command waits for nothing, words after which something must follow for much longer.
- Somebody who stands further away than whoever speaks to Lares (a television, a party) does not
  keep the turn open: what has faded is silence (core.loudness). Where even that does not help, a
  long utterance is transcribed again and again, and it has ended when its text no longer grows.
- Where the text closed a turn at once, words that follow soon may go on with it ("and ..."): they
  are a turn of their own once it was answered.
- While a talk button is held no pause ends what is said, its release does: at once, or with the
  word that still sounds.
- What is left of the wake word after its detection (TAIL) is not the command, and a command that
  began before the detection came (LOOK_BACK) is not cut.
"""

from __future__ import annotations

from dataclasses import replace

from laresd.core.loudness import Loudness
from laresd.core.turn_judging import (
    is_over,
    is_same,
    only_the_wake_word,
    overhear,
    patience,
    with_loudness,
    with_more,
)
from laresd.core.turn_rules import Rules
from laresd.core.turn_state import (
    CONFIRM,
    ECHO,
    HELD,
    LOOK_BACK,
    PRE_ROLL,
    RELEASE,
    TRAIL,
    Speech,
    State,
)
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

__all__ = ["CONFIRM", "PRE_ROLL", "TRAIL", "Machine", "Rules", "State", "step"]

Effects = tuple[Effect, ...]


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
        case ReplyBegun() | ReplyReady() | PlaybackEnded():
            return _answered(state, event, rules)
        case Released() | Cancel():
            return _stopped(state, event)
        case SourceEnded():
            return _source_ended(replace(state, ended=True))


def _frame(state: State, event: FrameHeard, rules: Rules) -> tuple[State, Effects]:
    if event.end <= state.now:
        return state, ()
    start = max(state.now, event.end - FRAME_SAMPLES)
    goes_on = event.speech >= rules.quiet and state.run_start is not None
    is_speech = event.speech >= rules.speech or goes_on
    if state.phase is Phase.LISTENING:
        state = with_loudness(state, event, is_speech=is_speech)
    elif state.phase is Phase.FOLLOW_UP or state.spoken:  # it comes from whoever spoke before
        state = replace(state, loudness=state.loudness.after(event.level))
        is_speech = is_speech and not state.loudness.has_faded
    if is_speech:
        run_start = start if state.run_start is None else state.run_start
        state = replace(state, now=event.end, run_start=run_start)
    else:
        state = replace(state, now=event.end, run_start=None, quiet_end=event.end)
    return _after_frame(state, rules)


def _after_frame(state: State, rules: Rules) -> tuple[State, Effects]:
    if state.spoken:
        state = with_more(state, rules)
    if state.phase is Phase.LISTENING:
        return _listen(state, rules)
    if state.phase is Phase.FOLLOW_UP:
        return _follow_up(state, rules)
    if state.phase is Phase.SPEAKING and (rules.stop_words or rules.open_ear):
        return overhear(state, rules)
    if state.phase is Phase.IDLE and rules.open_ear:
        return _open_at_speech(state, floor=0)
    return state, ()


def _follow_up(state: State, rules: Rules) -> tuple[State, Effects]:
    if state.now - state.begin >= state.window:
        return replace(state, phase=Phase.IDLE), ()
    return _open_at_speech(state, floor=state.begin)


def _open_at_speech(state: State, floor: int) -> tuple[State, Effects]:
    run_start = state.running
    if run_start is None or run_start < floor:
        return state, ()
    opened = state.fresh(max(floor, run_start - PRE_ROLL))
    follow_ups = state.follow_ups + 1 if state.phase is Phase.FOLLOW_UP else 0
    opened = replace(opened, said=Speech(run_start, state.now), follow_ups=follow_ups)
    return opened, (Open(run_start, ""),)


def _wake(state: State, event: WakeHeard) -> tuple[State, Effects]:
    at = max(state.keep_from, min(event.at, state.now))
    begin = at
    dip = state.quiet_end if event.until is None else None
    if dip is not None and at - LOOK_BACK < dip < at and state.run_start is not None:
        begin = dip
    effects: tuple[Effect, ...] = (Open(at, event.name),)
    if state.phase is Phase.LISTENING:
        begin = max(begin, state.begin)
        effects = _discard(state)
    elif state.phase in (Phase.THINKING, Phase.SPEAKING):
        effects = (Close(Closing.INTERRUPTED, state.now), *effects)
    run_start = None if state.run_start is None else max(state.run_start, begin)
    held = event.held or (state.held and state.phase is Phase.LISTENING)
    until = min(event.until or 0, state.now)
    said = Speech(begin, until) if until > begin else None
    woken = said is None and not event.held
    opened = replace(state.fresh(begin), woken=woken, held=held, run_start=run_start, said=said)
    return opened, effects


def _discard(state: State) -> Effects:
    return () if state.job is None else (Discard(state.job),)


def _listen(state: State, rules: Rules) -> tuple[State, Effects]:
    if state.released is not None:
        return _let_go(state, state.released)
    run_start = state.running
    if run_start is not None:
        start = state.said.start if state.said else run_start
        return _speaking_on(state, Speech(start, state.now), rules)
    if state.run_start is not None:  # the next frame tells whether this is speech
        return state, ()
    if state.said:
        return _pause(state, state.said, rules)
    if state.now - state.begin >= (HELD if state.held else rules.start_timeout):
        return _close(state, Closing.NO_SPEECH)
    return state, ()


def _speaking_on(state: State, said: Speech, rules: Rules) -> tuple[State, Effects]:
    effects: Effects = ()
    if not state.probes:
        effects, state = _discard(state), _without_job(state)
    state = replace(state, said=said)
    has_faded = not state.held and state.now - state.loud_end >= rules.end
    if has_faded:  # whoever spoke to Lares has ended
        effects, state = (*effects, *_discard(state)), _without_job(state)
        end = min(said.end, max(state.loud_end, said.start + CONFIRM))
        state, more = _endpoint(state, Speech(said.start, end))
        return state, (*effects, *more)
    if said.end - said.start >= rules.longest:
        state, more = _endpoint(state, said)
        return state, (*effects, *more)
    unbroken_since = max(state.probed, state.run_start or said.start)
    due = not state.held and said.end - unbroken_since >= rules.probe
    if state.job is None and due:
        state, probe = _transcribe(replace(state, probed=said.end), said)
        return replace(state, probes=True), (*effects, probe)
    return state, effects


def _without_job(state: State) -> State:
    last = state.text.text if state.text else state.last_text
    return replace(state, job=None, probes=False, text=None, last_text=last)


def _pause(state: State, said: Speech, rules: Rules) -> tuple[State, Effects]:
    silence = state.now - said.end
    if silence < min(rules.early, rules.end):
        return state, ()
    if only_the_wake_word(state, said):
        effects = _discard(state)
        state = replace(_without_job(state), begin=said.end, said=None, woken=False)
        return replace(state, loudness=Loudness()), effects
    effects = ()
    if state.probes:  # it does not hear the end
        effects, state = _discard(state), _without_job(state)
    if not state.held and silence >= patience(state.text, rules):
        state, more = _endpoint(state, said)
        return state, (*effects, *more)
    if state.job is not None:
        return state, effects
    state, effect = _transcribe(state, said)
    return state, (*effects, effect)


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
    at_once = state.text is not None and state.text.wholeness is Wholeness.WHOLE
    spoken = said.end if at_once and not state.held else 0
    state = replace(state, phase=Phase.THINKING, probes=False, held=False, released=None)
    state = replace(state, spoken=spoken, more=None)
    if state.text is None:
        return state, effects
    state, more = _resolve(state, state.text)
    return state, (*effects, *more)


def _transcribed(state: State, event: Transcribed) -> tuple[State, Effects]:
    if event.job != state.job or state.text is not None:
        return state, ()
    if state.probes and state.phase is Phase.LISTENING:
        return _probed(state, event)
    state = replace(state, text=event)
    if state.phase is Phase.THINKING:
        return _resolve(state, event)
    goes_on = state.held or state.run_start is not None
    if state.said and not goes_on and is_over(state, event):
        return _endpoint(state, state.said)
    return state, ()


def _probed(state: State, event: Transcribed) -> tuple[State, Effects]:
    """Sound goes on that may be speech: when it adds no words, it is somebody or something else."""
    if state.said and event.text and is_same(state, event):
        return _endpoint(replace(state, text=event, probes=False), state.said)
    last = event.text or state.last_text
    return replace(state, job=None, probes=False, last_text=last), ()


def _resolve(state: State, heard: Transcribed) -> tuple[State, Effects]:
    """What becomes of an utterance that has ended, by its text."""
    if heard.failed:
        return state, (Answer(heard.job),)
    if not heard.addressed:
        return _close(state, Closing.NOT_ADDRESSED)
    if heard.wake_only and not state.ended:
        return replace(state.fresh(state.now), follow_ups=state.follow_ups), ()
    if not heard.text:
        return _close(state, Closing.NOTHING_HEARD)
    return state, (Answer(heard.job),)


def _answered(
    state: State, event: ReplyBegun | ReplyReady | PlaybackEnded, rules: Rules
) -> tuple[State, Effects]:
    if event.job != state.job or state.text is None:
        return state, ()
    match event:
        case ReplyBegun() if state.phase is Phase.THINKING:
            return _speak(state, event.job)
        case ReplyReady() if state.phase in (Phase.THINKING, Phase.SPEAKING) and not state.replied:
            window = rules.answer if event.waits else rules.follow_up if event.asks else 0
            window = window if state.follow_ups < rules.follow_ups else 0
            begins = state.phase is Phase.THINKING
            state = replace(state, window=window, replied=True)
            return _speak(state, event.job) if begins else (state, ())
        case PlaybackEnded() if state.phase is Phase.SPEAKING and state.replied:
            return _spoken(state, rules)
    return state, ()


def _speak(state: State, job: int) -> tuple[State, Effects]:
    return replace(state, phase=Phase.SPEAKING, said=None, run_start=None), (Speak(job),)


def _spoken(state: State, rules: Rules) -> tuple[State, Effects]:
    closed, effects = _close(state, Closing.DONE)
    if state.more is not None and not state.window and not state.ended:
        begin = max(state.spoken, state.more.start - PRE_ROLL)
        opened = replace(state.fresh(begin), said=state.more, follow_ups=state.follow_ups)
        effects = (*effects, Open(state.more.start, "", goes_on=True))
        if state.now - state.more.end < rules.end:
            return opened, effects
        opened, more = _endpoint(opened, state.more)
        return opened, (*effects, *more)
    if state.window > 0 and not state.ended:
        closed = replace(
            closed,
            phase=Phase.FOLLOW_UP,
            begin=state.now + ECHO,
            window=state.window,
            follow_ups=state.follow_ups,
            loudness=state.loudness,
        )
    return closed, effects


def _close(state: State, closing: Closing) -> tuple[State, Effects]:
    closed = replace(state.fresh(state.now, phase=Phase.IDLE), run_start=None)
    return closed, (Close(closing, state.now),)


def _stopped(state: State, event: Released | Cancel) -> tuple[State, Effects]:
    if isinstance(event, Cancel):
        return _cancel(state)
    if state.phase is not Phase.LISTENING or not state.held:
        return state, ()
    if not event.ends:
        return replace(state, held=False), ()
    return _let_go(replace(state, held=False), state.now)


def _let_go(state: State, at: int) -> tuple[State, Effects]:
    """The end of an utterance whose button was let go at a sample."""
    discarded: Effects = ()
    if (run_start := state.running) is not None:
        start, discarded = state.said.start if state.said else run_start, _discard(state)
        state = replace(_without_job(state), said=Speech(start, state.now))
    if state.run_start is not None and state.now - at < RELEASE:
        return replace(state, released=at), discarded
    if state.said is None:
        return _close(state, Closing.NO_SPEECH)
    state, effects = _endpoint(state, state.said)
    return state, (*discarded, *effects)


def _cancel(state: State) -> tuple[State, Effects]:
    if state.phase in (Phase.LISTENING, Phase.THINKING, Phase.SPEAKING):
        return _close(state, Closing.CANCELLED)
    return replace(state, phase=Phase.IDLE), ()


def _source_ended(state: State) -> tuple[State, Effects]:
    if state.phase is Phase.FOLLOW_UP:
        return replace(state, phase=Phase.IDLE), ()
    if state.phase is not Phase.LISTENING:
        return state, ()
    if state.said and not only_the_wake_word(state, state.said):
        return _endpoint(state, state.said)
    return _close(state, Closing.NO_SPEECH)
