"""The engine's loop over a model of numbers: whatever else happens, each request says what it says
when it is alone, one token at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from laresd.engines.llm.context import Settings, Slot
from laresd.engines.llm.loop import Loop
from laresd.engines.llm.prefixes import Prefixes
from laresd.engines.llm.sampling import Sampler
from laresd.engines.llm.sequence import Answering, Wanted
from laresd.engines.llm.store import Head, PrefixStore
from laresd.errors import Permanent, Temporary
from laresd.generation import Finish
from tests.fakes.llm_context import END, FakeContext, FakeModel, Speaker, chaotic, repeating
from tests.fakes.llm_watcher import FakeWatcher

VOICE, INTERACTIVE, AUTOMATION, BACKGROUND = range(4)
N_VOCAB = 40
MANY_TURNS = 5000


class Steps:
    """A grammar: for each token of the answer, those that are allowed. It ends after the last."""

    def __init__(self, steps: Sequence[Sequence[int]]) -> None:
        self._steps, self._at = [list(step) for step in steps], 0

    def mask(self) -> NDArray[np.bool_]:
        allowed = np.zeros(N_VOCAB, np.bool_)
        allowed[self._steps[self._at]] = True
        return allowed

    def forced(self) -> list[int]:
        tokens: list[int] = []
        for step in self._steps[self._at :]:
            if len(set(step)) > 1 or step[0] == END:
                break
            tokens.append(step[0])
        return tokens

    def accept(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            if token not in self._steps[self._at]:
                raise Permanent(f"the token {token} is not allowed by the grammar")
            self._at += 1

    def accepted_prefix(self, tokens: Sequence[int]) -> int:
        pairs = zip(tokens, self._steps[self._at :], strict=False)
        return len([*takewhile(lambda pair: pair[0] in pair[1], pairs)])

    @property
    def finished(self) -> bool:
        return self._at == len(self._steps)


def plain(
    wanted: Wanted, speaker: Speaker, steps: Sequence[Sequence[int]] | None
) -> tuple[str, Finish]:
    """What the request says alone: one token at a time, by the mask only, nothing guessed."""
    model, tokens, said = FakeModel(N_VOCAB), list(wanted.prompt), ""
    sampler = Sampler(wanted.temperature, wanted.seed)
    for number in range(wanted.max_tokens):
        if steps is not None and number == len(steps):
            return said, Finish.STOP
        mask = Steps(steps[number:]).mask() if steps is not None else None
        token = sampler.pick(speaker([*tokens, *wanted.adapter.encode()], N_VOCAB), mask)
        if token == END:
            return said, Finish.STOP
        tokens.append(token)
        said += model.piece(token).decode()
        met = [stop for stop in wanted.stop if stop and said.endswith(stop)]
        if met:
            return said.removesuffix(max(met, key=len)), Finish.STOP
    return said, Finish.LENGTH


@dataclass
class Clock:
    """Computing takes time: `rate` tokens a second."""

    rate: float = 100.0
    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_with(self, slots: Sequence[Slot]) -> None:
        self.now += len(slots) / self.rate


@dataclass
class Engine:
    """A loop over a fake context. `during`: called while a batch is computed."""

    cells: int = 512
    ubatch: int = 64
    places: int = 8
    sequences: int = 14
    speaker: Speaker = chaotic
    rewinds: bool = True
    store: PrefixStore | None = None
    clock: Clock = field(default_factory=Clock)
    during: Callable[[Sequence[Slot]], None] = lambda _: None

    def __post_init__(self) -> None:
        self.context = FakeContext(
            Settings(self.cells, self.sequences, self.ubatch, 1, 1),
            FakeModel(N_VOCAB, rewinds=self.rewinds),
            speaker=self.speaker,
            on_decode=self._decoding,
        )
        self.prefixes = Prefixes(self.context, self.store)
        self.loop = Loop(
            self.context,
            self.prefixes,
            clock=self.clock,
            places=self.places,
            keep_head=self._keep if self.store is not None else None,
        )

    def ask(self, wanted: Wanted) -> FakeWatcher:
        watcher = FakeWatcher()
        self.loop.submit(wanted, watcher)
        return watcher

    def until_idle(self) -> None:
        for _ in range(MANY_TURNS):
            self.loop.turn()
            assert self.context.used == self.cells - self.prefixes.cells.free
            if self.loop.idle:
                return
        raise AssertionError("it never comes to an end")

    def all_cells_are_back(self) -> bool:
        self.prefixes.drop_all()
        return self.context.used == 0 and self.prefixes.cells.free == self.cells

    def _decoding(self, slots: Sequence[Slot]) -> None:
        self.clock.pass_with(slots)
        self.during(slots)

    def _keep(self, answering: Answering) -> None:
        assert self.store is not None and answering.finish is not None
        done = tuple(answering.tokens[: answering.computed])
        self.store.write(Head(done, self.context.state(answering.place)))
        answering.end(answering.finish)


# Prompts that share beginnings of several lengths, as a house's do.
_TRUNK = tuple(range(1, 40)) * 3
prompts = st.builds(
    lambda length, tail: (*_TRUNK[:length], *tail),
    st.sampled_from([0, 3, 33, 40, 70]),
    st.lists(st.integers(1, N_VOCAB - 1), min_size=1, max_size=40),
)
tokens_allowed = st.lists(st.integers(0, N_VOCAB - 1), min_size=1, max_size=4)
forced_tokens = st.lists(st.integers(1, N_VOCAB - 1), min_size=1, max_size=1)
grammars = st.none() | st.lists(st.one_of(forced_tokens, tokens_allowed), max_size=24)


@dataclass(frozen=True)
class Asked:
    """A request of the property: when it comes (batches), and when it is cancelled, if at all."""

    wanted: Wanted
    steps: tuple[tuple[int, ...], ...] | None
    at: int
    cancelled_at: int | None


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    steps = draw(grammars)
    prompt = draw(prompts)
    wanted = Wanted(
        prompt=prompt,
        rank=draw(st.integers(VOICE, BACKGROUND)),
        max_tokens=draw(st.integers(0, 40)),
        head=draw(st.sampled_from([0, 33, len(prompt)])),
        keep=draw(st.booleans()),
        constraint=Steps(steps) if steps is not None else None,
        temperature=0.0 if steps is not None else draw(st.sampled_from([0.0, 0.8])),
        seed=draw(st.integers(0, 3)),
        stop=tuple(draw(st.lists(st.sampled_from(["B", "EF", "ZA", "QRS", ""]), max_size=2))),
        lookup=draw(st.booleans()),
        adapter=draw(st.sampled_from(["", "", "a", "b"])),
    )
    frozen = tuple(map(tuple, steps)) if steps is not None else None
    cancelled_at = draw(st.none() | st.integers(0, 60))
    return Asked(wanted, frozen, draw(st.integers(0, 40)), cancelled_at)


@settings(max_examples=200)
@given(
    requests=st.lists(asked(), min_size=1, max_size=14),
    interruptions=st.lists(st.booleans(), max_size=60),
    cells=st.sampled_from([160, 300, 1000]),
    ubatch=st.sampled_from([8, 20, 64]),
    sequences=st.sampled_from([3, 6, 14]),
    places=st.sampled_from([1, 3, 8]),
    rate=st.sampled_from([2.0, 30.0, 1000.0]),
    speaker=st.sampled_from([chaotic, repeating]),
    rewinds=st.booleans(),
)
def test_each_request_says_what_it_says_alone(
    *,
    requests: list[Asked],
    interruptions: list[bool],
    cells: int,
    ubatch: int,
    sequences: int,
    places: int,
    rate: float,
    speaker: Speaker,
    rewinds: bool,
) -> None:
    with TemporaryDirectory() as folder:
        batches = 0
        watchers: dict[int, FakeWatcher] = {}

        def meanwhile() -> None:
            for number, request in enumerate(requests):
                if request.at <= batches and number not in watchers:
                    watchers[number] = engine.ask(request.wanted)
            for number, watcher in watchers.items():
                when = requests[number].cancelled_at
                if when is not None and when <= batches and not watcher.cancelled:
                    watcher.cancelled = True
                    engine.loop.cancel(watcher)

        def during(slots: Sequence[Slot]) -> None:
            nonlocal batches
            batches += 1
            meanwhile()

        engine = Engine(
            cells=cells,
            ubatch=ubatch,
            sequences=sequences,
            places=places,
            speaker=speaker,
            rewinds=rewinds,
            store=PrefixStore(Path(folder), "k", 100_000),
            clock=Clock(rate),
            during=during,
        )
        engine.context.interruptions = list(interruptions)
        while len(watchers) < len(requests):
            meanwhile()
            engine.until_idle()
            batches += 1
        for number, request in enumerate(requests):
            said, finish = plain(request.wanted, speaker, request.steps)
            watcher = watchers[number]
            if watcher.finish is Finish.CANCELLED:
                assert said.startswith(watcher.said)
            else:
                assert (watcher.said, watcher.finish) == (said, finish)
        assert engine.all_cells_are_back()


def numbers(count: int, first: int = 1) -> tuple[int, ...]:
    return tuple((first + n) % (N_VOCAB - 1) + 1 for n in range(count))


def endless(tokens: Sequence[int], n_vocab: int) -> NDArray[np.float32]:
    """Says everything but the end."""
    logits = chaotic(tokens, n_vocab)
    logits[END] = -100.0
    return logits


@dataclass
class Once:
    """Does something during the batch of that number, from 1 on."""

    batch: int
    do: Callable[[], None]
    seen: int = 0

    def __call__(self, slots: Sequence[Slot]) -> None:
        self.seen += 1
        if self.seen == self.batch:
            self.do()


def test_a_request_on_an_idle_engine_is_computed_at_once() -> None:
    engine = Engine()
    watcher = engine.ask(Wanted(numbers(30), VOICE, max_tokens=4))
    engine.until_idle()
    assert (watcher.counts.redone, watcher.counts.computed) == (0, 30 + watcher.counts.sampled - 1)


def test_voice_interrupts_a_background_prompt_which_loses_one_batch_at_most() -> None:
    engine = Engine(clock=Clock(rate=200.0), speaker=endless)
    background = engine.ask(Wanted(numbers(300), BACKGROUND, max_tokens=5))
    voice: list[FakeWatcher] = []
    ended: list[int] = []
    engine.during = Once(
        3, lambda: voice.append(engine.ask(Wanted(numbers(20, 7), VOICE, max_tokens=5)))
    )
    while not engine.loop.idle:
        engine.loop.turn()
        if voice and voice[0].ends:
            ended.append(len(background.ends))
    assert voice[0].finish is Finish.LENGTH and ended[0] == 0, "voice has to be the first"
    assert background.finish is Finish.LENGTH
    assert 0 < background.counts.redone <= engine.ubatch
    assert background.counts.computed == 300 + 5 - 1, "nothing is computed twice"


def test_voice_does_not_interrupt_voice() -> None:
    engine = Engine()
    first = engine.ask(Wanted(numbers(60), VOICE, max_tokens=5))
    engine.during = Once(1, lambda: other.append(engine.ask(Wanted(numbers(20, 7), VOICE))))
    other: list[FakeWatcher] = []
    engine.until_idle()
    assert first.counts.redone == other[0].counts.redone == 0


def test_a_cancelled_prompt_gives_back_its_cells_and_disturbs_nobody() -> None:
    engine = Engine(speaker=endless)
    one = engine.ask(Wanted(numbers(200), BACKGROUND))
    two = engine.ask(Wanted(numbers(50, 9), BACKGROUND, max_tokens=8))

    def cancel() -> None:
        one.cancelled = True
        engine.loop.cancel(one)

    engine.during = Once(2, cancel)
    engine.until_idle()
    assert one.finish is Finish.CANCELLED
    assert (two.said, two.finish) == plain(Wanted(numbers(50, 9), 0, max_tokens=8), endless, None)
    whole = engine.ask(Wanted(numbers(500, 3), VOICE, max_tokens=12))  # all cells that there are
    engine.until_idle()
    assert whole.finish is Finish.LENGTH
    assert engine.all_cells_are_back()


def test_a_request_can_be_cancelled_before_its_turn_comes() -> None:
    engine = Engine(places=1, speaker=endless)
    first = engine.ask(Wanted(numbers(40), INTERACTIVE, max_tokens=30))
    second = engine.ask(Wanted(numbers(40, 5), INTERACTIVE))
    for _ in range(4):
        engine.loop.turn()
    second.cancelled = True
    engine.loop.cancel(second)
    engine.loop.turn()
    assert second.finish is Finish.CANCELLED and not first.ends


def test_everybody_hears_that_tokens_are_computed_those_too_that_wait() -> None:
    engine = Engine(places=1, speaker=endless, clock=Clock(rate=20.0))
    voice = engine.ask(Wanted(numbers(40, 5), VOICE, max_tokens=100))
    waiting = engine.ask(Wanted(numbers(40), INTERACTIVE))
    placeless = engine.ask(Wanted(numbers(40, 9), INTERACTIVE))
    before, seconds = engine.clock.now, 4.0
    while engine.clock.now < before + seconds:
        engine.loop.turn()
    for watcher in (voice, waiting, placeless):
        assert watcher.lives >= seconds / 2  # a batch may take two seconds
    assert waiting.counts.batches == placeless.counts.batches == 0


def test_nobody_hears_of_a_batch_that_came_to_nothing() -> None:
    engine = Engine()
    watcher = engine.ask(Wanted(numbers(40), VOICE))
    engine.context.interruptions = [True] * 50
    for _ in range(50):
        engine.loop.turn()
    assert watcher.lives == 0


@pytest.mark.parametrize(("prompt", "most"), [((), 5), (numbers(600), 0), (numbers(500), 13)])
def test_what_can_never_fit_is_refused_at_once(prompt: tuple[int, ...], most: int) -> None:
    with pytest.raises(Permanent, match=r"empty|do not fit"):
        Engine().ask(Wanted(prompt, VOICE, max_tokens=most))


def test_a_batch_that_fails_fails_its_requests_and_no_others() -> None:
    engine = Engine(places=2)

    def fail() -> None:
        raise RuntimeError("llama_decode returned -3")

    engine.during = Once(1, fail)
    first = engine.ask(Wanted(numbers(30), VOICE))
    later = engine.ask(Wanted(numbers(30), BACKGROUND, max_tokens=4))
    engine.until_idle()
    with pytest.raises(Permanent, match="-3"):
        _ = first.finish
    assert (later.said, later.finish) == plain(Wanted(numbers(30), 0, max_tokens=4), chaotic, None)
    assert engine.all_cells_are_back()


def test_cells_that_are_missing_fail_a_request_and_the_next_is_served() -> None:
    engine = Engine()
    engine.context.settings = Settings(20, 14, 64, 1, 1)  # fewer than the loop believes
    first = engine.ask(Wanted(numbers(30), VOICE))
    engine.loop.turn()
    with pytest.raises(Temporary, match="no room"):
        _ = first.finish
    second = engine.ask(Wanted(numbers(10), VOICE, max_tokens=2))
    engine.until_idle()
    assert second.finish in Finish


def test_a_grammar_that_cannot_be_followed_fails_its_own_request_only() -> None:
    class Broken(Steps):
        def accept(self, tokens: Sequence[int]) -> None:
            raise Permanent("the grammar cannot be followed")

    engine = Engine()
    broken = engine.ask(Wanted(numbers(30), VOICE, constraint=Broken([[1, 2], [3, 4]])))
    sound = engine.ask(Wanted(numbers(30), VOICE, max_tokens=4))
    engine.until_idle()
    with pytest.raises(Permanent, match="cannot be followed"):
        _ = broken.finish
    assert (sound.said, sound.finish) == plain(Wanted(numbers(30), 0, max_tokens=4), chaotic, None)
    assert engine.all_cells_are_back()


def test_what_the_grammar_leaves_no_choice_of_costs_no_decode_of_its_own() -> None:
    engine = Engine()
    steps = [[5], [6], [7], [8, 9], *[[n] for n in range(10, 30)], [8, 9]]
    watcher = engine.ask(Wanted(numbers(20), VOICE, constraint=Steps(steps)))
    engine.until_idle()
    assert watcher.finish is Finish.STOP
    assert (watcher.counts.sampled, watcher.counts.forced) == (2, 23)
    assert watcher.counts.batches == 2


def test_text_that_repeats_its_prompt_costs_fewer_batches_than_tokens() -> None:
    engine = Engine(speaker=repeating)
    wanted = Wanted(numbers(30), VOICE, max_tokens=40)
    with_lookup = engine.ask(wanted)
    engine.until_idle()
    assert (with_lookup.said, with_lookup.finish) == plain(wanted, repeating, None)
    assert with_lookup.counts.batches < 15
    assert with_lookup.counts.accepted == 40 - with_lookup.counts.batches


def test_a_model_that_does_not_rewind_is_not_guessed_for_and_not_interrupted() -> None:
    engine = Engine(speaker=repeating, rewinds=False, clock=Clock(rate=200.0))
    background = engine.ask(Wanted(numbers(200), BACKGROUND, max_tokens=20))
    engine.during = Once(3, lambda: voice.append(engine.ask(Wanted(numbers(20, 7), VOICE))))
    voice: list[FakeWatcher] = []
    engine.until_idle()
    assert voice[0].finish in Finish
    assert (background.counts.drafted, background.counts.redone) == (0, 0)


@pytest.mark.parametrize("rate", [0.5, 5.0])
def test_a_slow_machine_computes_what_is_longer_than_its_batches(rate: float) -> None:
    engine = Engine(clock=Clock(rate=rate))
    steps = [[1, 2], *[[n] for n in range(3, 33)], [1, 2]]  # 30 forced tokens; batches are of 16
    watcher = engine.ask(Wanted(numbers(40), VOICE, constraint=Steps(steps)))
    engine.until_idle()
    assert watcher.finish is Finish.STOP


def test_background_is_not_starved_by_voice() -> None:
    engine = Engine(speaker=endless, clock=Clock(rate=100.0))
    background = engine.ask(Wanted(numbers(100), BACKGROUND, max_tokens=2))
    voice = engine.ask(Wanted(numbers(10, 3), VOICE, max_tokens=20))
    while not background.ends:
        engine.loop.turn()
        if voice.ends:
            voice = engine.ask(Wanted(numbers(10, 3), VOICE, max_tokens=20))
        assert engine.clock.now < 600, "ten minutes are too long"


def test_voice_goes_past_an_old_request_that_finds_no_room() -> None:
    engine = Engine(speaker=endless, clock=Clock(rate=5.0))
    engine.ask(Wanted(numbers(100), INTERACTIVE, max_tokens=300))  # for 80 seconds
    old = engine.ask(Wanted(numbers(300, 5), BACKGROUND, max_tokens=10))
    while engine.clock.now < 65:  # by then it counts as voice
        engine.loop.turn()
    voice = engine.ask(Wanted(numbers(10, 3), VOICE, max_tokens=3))
    for _ in range(10):
        engine.loop.turn()
    assert voice.finish is Finish.LENGTH and not old.ends


@pytest.mark.parametrize("length", [5, 100])
def test_who_gives_up_its_place_goes_on_without_computing_again_what_there_is_room_for(
    length: int,
) -> None:
    engine = Engine(places=1, speaker=endless)
    wanted = Wanted(numbers(length), BACKGROUND, max_tokens=30)
    background = engine.ask(wanted)
    for _ in range(12):
        engine.loop.turn()
    interactive = engine.ask(Wanted(numbers(50, 5), INTERACTIVE, max_tokens=3))
    engine.until_idle()
    assert interactive.finish is Finish.LENGTH
    assert (background.said, background.finish) == plain(wanted, endless, None)
    assert background.counts.redone == 0
    assert background.counts.computed == length + 30 - 1


def test_no_head_is_dropped_for_one_who_cannot_come_in() -> None:
    engine = Engine(speaker=endless)
    engine.ask(Wanted(numbers(60, 9), INTERACTIVE, max_tokens=0, head=60))
    engine.until_idle()
    engine.ask(Wanted(numbers(100), INTERACTIVE, max_tokens=200))
    huge = engine.ask(Wanted(numbers(300, 3), INTERACTIVE))
    for _ in range(20):
        engine.loop.turn()
    assert not huge.counts.batches
    known = engine.ask(Wanted((*numbers(60, 9), 1, 2), VOICE, max_tokens=1))
    engine.until_idle()
    assert known.counts.reused == 60


def test_a_head_is_computed_once_and_found_in_memory_and_after_a_restart(tmp_path: Path) -> None:
    head = numbers(50)

    def ask(engine: Engine, tail: int) -> FakeWatcher:
        wanted = Wanted((*head, *numbers(5, tail)), VOICE, max_tokens=5, head=50)
        watcher = engine.ask(wanted)
        engine.until_idle()
        assert (watcher.said, watcher.finish) == plain(wanted, chaotic, None)
        return watcher

    first = Engine(store=PrefixStore(tmp_path, "k", 100_000))
    first.ask(Wanted(head, BACKGROUND, max_tokens=0, head=50, keep=True))
    first.until_idle()
    warm = ask(first, 3)
    assert (warm.source, warm.counts.reused) == ("memory", 50)
    second = Engine(store=PrefixStore(tmp_path, "k", 100_000))
    read = ask(second, 3)
    assert (read.source, read.counts.reused) == ("store", 50)
    assert ask(second, 9).source == "memory"


def test_who_cancels_while_the_head_is_being_kept_is_told_of_one_end() -> None:
    engine = Engine()
    kept: list[Answering] = []
    engine.loop = Loop(engine.context, engine.prefixes, clock=engine.clock, keep_head=kept.append)
    watcher = engine.ask(Wanted(numbers(50), BACKGROUND, max_tokens=0, keep=True))
    engine.until_idle()
    assert not watcher.ends and len(kept) == 1
    watcher.cancelled = True
    engine.loop.cancel(watcher)
    engine.until_idle()
    kept[0].end(Finish.LENGTH)
    assert watcher.finish is Finish.LENGTH


@given(
    prompt=prompts,
    steps=grammars,
    at=st.floats(0, 1),
    shown=st.floats(0, 1),
    stop=st.lists(st.text("abcdefgh", min_size=1, max_size=2), max_size=1),
)
def test_an_answer_that_is_gone_on_with_is_the_one_that_was_not_broken_off(
    prompt: tuple[int, ...],
    steps: list[list[int]] | None,
    at: float,
    shown: float,
    stop: list[str],
) -> None:
    def wanted(**said: Any) -> Wanted:
        bound = None if steps is None else Steps(steps)
        return Wanted(
            prompt, VOICE, max_tokens=20, stop=tuple(stop), constraint=bound, lookup=False, **said
        )

    engine = Engine()
    whole = engine.ask(wanted())
    engine.until_idle()
    tokens = tuple(whole.tokens[: int(at * len(whole.tokens))])
    text = b"".join(map(engine.context.model.piece, tokens)).decode()
    text = text[: min(int(shown * len(text)), len(whole.said))]
    rest = engine.ask(wanted(said=tokens, said_text=text))
    engine.until_idle()
    assert text + rest.said == whole.said
    assert rest.finish is whole.finish
    assert rest.counts.answer == whole.counts.answer


def test_what_was_said_against_the_grammar_is_an_error() -> None:
    engine = Engine()
    watcher = engine.ask(Wanted((1, 2), VOICE, constraint=Steps([[3], [4]]), said=(5,)))
    engine.until_idle()
    with pytest.raises(Permanent, match="not what its grammar allows"):
        _ = watcher.finish


def test_a_hold_stops_what_is_less_urgent_at_once_and_nobody_else() -> None:
    engine = Engine(clock=Clock(rate=1000.0), speaker=endless)
    background = engine.ask(Wanted(numbers(200), BACKGROUND, max_tokens=5))
    engine.during = Once(2, lambda: engine.loop.hold(VOICE, 10.0))
    for _ in range(10):
        engine.loop.turn()
    batches = len(engine.context.batches)
    voice = engine.ask(Wanted(numbers(20, 7), VOICE, max_tokens=5))
    for _ in range(10):
        engine.loop.turn()
    assert voice.finish is Finish.LENGTH
    assert len(engine.context.batches) == batches + voice.counts.batches
    assert not background.ends
    engine.loop.hold(BACKGROUND, 0.0)
    engine.until_idle()
    assert background.finish is Finish.LENGTH
    assert background.counts.redone > 0, "the batch that was computed then was not given up"


def test_a_hold_that_nobody_takes_back_ends_by_itself() -> None:
    engine = Engine(clock=Clock(rate=1000.0))
    engine.loop.hold(VOICE, 10.0)
    background = engine.ask(Wanted(numbers(20), BACKGROUND, max_tokens=1))
    engine.loop.turn()
    assert not background.ends
    engine.clock.now += 10.0
    engine.until_idle()
    assert background.finish is not None


def test_the_share_of_the_threads_is_that_of_the_next_batch() -> None:
    engine = Engine()
    engine.loop.pace(0.5)
    assert engine.context.threads_share == 1.0
    engine.ask(Wanted(numbers(20), VOICE, max_tokens=1))
    engine.until_idle()
    assert engine.context.threads_share == 0.5


def test_closing_tells_everybody_that_is_not_done() -> None:
    engine = Engine(places=1, speaker=endless)
    watchers = [engine.ask(Wanted(numbers(40, n), INTERACTIVE)) for n in range(3)]
    engine.during = Once(2, engine.loop.close)
    engine.loop.run()
    for watcher in watchers:
        with pytest.raises(Temporary, match="stopped"):
            _ = watcher.finish
    with pytest.raises(Temporary, match="stopped"):
        engine.ask(Wanted(numbers(40), VOICE))
    assert engine.all_cells_are_back()


def test_requests_and_cancels_from_many_threads_all_come_to_one_end() -> None:
    engine = Engine(speaker=endless, clock=Clock(rate=1000.0))
    watchers: list[FakeWatcher] = []

    def client(number: int) -> None:
        for n in range(30):
            watcher = engine.ask(Wanted(numbers(20 + n, number), n % 4, max_tokens=6))
            watchers.append(watcher)
            if n % 3 == 0:
                watcher.cancelled = True
                engine.loop.cancel(watcher)

    owner = threading.Thread(target=engine.loop.run)
    clients = [threading.Thread(target=client, args=(number,)) for number in range(4)]
    owner.start()
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    last = engine.ask(Wanted(numbers(20), BACKGROUND, max_tokens=1))
    while not last.ends or not all(watcher.ends for watcher in watchers):
        assert owner.is_alive()
    engine.loop.close()
    owner.join()
    assert {watcher.finish for watcher in watchers} == {Finish.LENGTH, Finish.CANCELLED}
    assert len(watchers) == 120
    assert engine.all_cells_are_back()


def test_what_a_watcher_raises_ends_the_loop_and_the_others_are_told() -> None:
    class Faulty(FakeWatcher):
        def text(self, piece: str, tokens: Sequence[int]) -> None:
            raise OSError("the pipe is broken")

    engine = Engine(speaker=endless)
    engine.loop.submit(Wanted(numbers(30), VOICE), Faulty())
    other = engine.ask(Wanted(numbers(30), BACKGROUND))
    with pytest.raises(OSError, match="pipe"):
        engine.loop.run()
    with pytest.raises(Temporary):
        _ = other.finish
