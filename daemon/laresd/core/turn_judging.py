"""What sound and words tell of a turn so far: who speaks, and whether more will come. Pure."""

from __future__ import annotations

from dataclasses import replace

from laresd.core.turn_rules import Rules
from laresd.core.turn_state import CONFIRM, PRE_ROLL, STOP_WORD, TAIL, TRAIL, Speech, State
from laresd.turns import Effect, FrameHeard, Overhear, Transcribed, Wholeness


def with_loudness(state: State, event: FrameHeard, *, is_speech: bool) -> State:
    """The state after a frame of this loudness."""
    loudness = state.loudness.after(event.level)
    if not is_speech:
        return replace(state, loudness=loudness)
    loudness = loudness.after_speech()
    loud_end = state.loud_end if loudness.has_faded else event.end
    return replace(state, loudness=loudness, loud_end=loud_end)


def with_more(state: State, rules: Rules) -> State:
    """What follows a command that was closed at once, and began in time; up to its first pause."""
    more, run_start = state.more, state.running
    if more is None and state.now - state.spoken > rules.more and run_start is None:
        return state if state.run_start is not None else replace(state, spoken=0)
    if run_start is None or (more is not None and state.now - more.end > rules.end):
        return state
    if more is None and not state.spoken < run_start <= state.spoken + rules.more:
        return state
    start = run_start if more is None else more.start
    return replace(state, more=Speech(start, state.now))


def overhear(state: State, rules: Rules) -> tuple[State, tuple[Effect, ...]]:
    """Something short that was said into the reply, once it is over; with an open ear also how
    something long begins.
    """
    if (run_start := state.running) is not None:
        before = state.said or Speech(run_start, run_start)
        state = replace(state, said=Speech(before.start, state.now))
        if not rules.open_ear or not before.length <= STOP_WORD < state.now - before.start:
            return state, ()
        return state, (Overhear(max(0, before.start - PRE_ROLL), state.now, goes_on=True),)
    said = state.said
    if said is None or state.run_start is not None or state.now - said.end < rules.early:
        return state, ()
    state = replace(state, said=None)
    if said.length > STOP_WORD:
        return state, ()
    return state, (Overhear(max(0, said.start - PRE_ROLL), min(said.end + TRAIL, state.now)),)


def patience(text: Transcribed | None, rules: Rules) -> int:
    """How long a silence after this text is the end of the utterance."""
    match text.wholeness if text is not None else Wholeness.UNSURE:
        case Wholeness.WHOLE:
            return 0
        case Wholeness.LIKELY:
            return min(rules.clear, rules.end)
        case Wholeness.OPEN:
            return max(rules.end, rules.open)
        case Wholeness.UNSURE:
            return rules.end


def only_the_wake_word(state: State, said: Speech) -> bool:
    """Whether what was said so far is the wake word's tail."""
    follows_at_once = said.start - state.begin < CONFIRM
    return state.woken and follows_at_once and said.end - state.begin <= TAIL


def is_over(state: State, event: Transcribed) -> bool:
    """Whether the silence need not last: a whole command, or the same words as before what sounded
    like more of them.
    """
    if event.wholeness is Wholeness.WHOLE:
        return True
    return event.wholeness is not Wholeness.OPEN and bool(event.text) and is_same(state, event)


def is_same(state: State, event: Transcribed) -> bool:
    """Whether the words are those of the transcription before, in this turn."""
    return event.text.casefold() == state.last_text.casefold()
