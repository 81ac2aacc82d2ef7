"""500 answers whose host dies at a random word: is any token lost, said twice, or another one?

Host and box have the same GGUF and say the likeliest token. Every token that was told is looked at
with all before it as they are: it must be the likeliest. Kernels differ by batch and program in the
last bits: one whose logit lies within EPSILON of the best is a near-tie, which is counted apart (as
in tests/contract/test_llm_exact.py). After a token that was lost or said twice the next ones are
unlikely by far more.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from laresd.backends.workers.clients import WorkerLanguageModel
from laresd.backends.workers.supervisor import Worker
from laresd.core.scheduler.counts import Event
from laresd.core.scheduler.engine import THIS_BOX
from laresd.engines.llm.context import Settings, Slot
from laresd.engines.llm.loading import embedded_model
from laresd.engines.llm.native import NativeContext, NativeModel
from laresd.generation import Generation, Message, Role
from tests.bench.results import Row
from tests.fakes.lan import Lan
from tests.fakes.llama_hosts import RealServer, llama_server
from tests.fakes.wire import Told, Wire, a_wire, a_worker
from tests.fakes.workers import soon

COMMAND = "make bench-sched ONLY=streams"
STREAMS = 500
LONGEST = 24  # tokens
EPSILON = 0.5  # logits
LANES = 2  # streams at a time
SEED = 4

THINGS = ("lamp", "kettle", "window", "river", "teacher", "cat", "bridge", "violin", "garden")
ASKED = (
    "Name a colour of a {}.",
    "What is a {} made of?",
    "Write one sentence about a {}.",
    "Where would you find a {}?",
    "Translate '{}' to French.",
    "Is a {} larger than a house?",
    "Count from one to five, then say {}.",
    "Give me a rhyme for {}.",
    "Who needs a {} at night?",
)
QUESTIONS = [asked.format(thing) for asked in ASKED for thing in THINGS]


@dataclass(frozen=True, slots=True)
class Death:
    """How the host goes, after how many pieces."""

    how: str
    after: int

    def do(self, lan: Lan) -> None:
        match self.how:
            case "reset":
                lan.cut = True
                lan.break_now()
            case "hang":
                lan.silent_after = 0
            case "garbage":
                lan.garbage_after = 0


def deaths(count: int, seed: int = SEED) -> list[Death]:
    """One in ten hangs, since that costs its two seconds."""
    dice = random.Random(seed)
    kinds = ["reset"] * 6 + ["garbage"] * 3 + ["hang"]
    return [Death(dice.choice(kinds), dice.randint(1, LONGEST - 4)) for _ in range(count)]


def streams() -> list[Row]:
    with llama_server() as server:
        return asyncio.run(_measured(server))


async def _measured(server: RealServer) -> list[Row]:
    verdicts, found, judge = Verdicts(), Counter[str](), Judge()
    async with a_worker() as worker:
        asked = [_question(text) for text in QUESTIONS]
        prompts = await _ids(worker, asked)

        async def one(wire: Wire, number: int, death: Death) -> None:
            which = number % len(asked)
            told = await wire.stream(
                asked[which], after=death.after, then=lambda: death.do(wire.lan)
            )
            found["died"] += wire.counts.events[Event.LOST, "tower"]
            found["resumed"] += wire.counts.events[Event.RESUMED, THIS_BOX]
            margins = judge.margins(prompts[which], told.tokens)  # one context, one at a time
            verdicts.judge(told, margins, judge.text(told.tokens))

        await _in_lanes(server, worker, one, deaths(STREAMS))
    judge.close()
    note = (
        f"{STREAMS} streams of up to {LONGEST} tokens, {verdicts.tokens} in all; {found['died']} "
        f"deaths (reset, garbage, hang), {found['resumed']} gone on with at the box; "
        f"{len(verdicts.near)} near-ties (up to {max(verdicts.near, default=0.0):.2f}; a wrong "
        f"token is one by more than {EPSILON}); SmolLM2 on both sides"
    )
    return [Row("sched/streams_lost_doubled_or_altered", verdicts.wrong, "0", COMMAND, note=note)]


class Judge:
    """Reads prompt and answer in one go, and looks at each token with all before it as they are."""

    def __init__(self) -> None:
        self._model = NativeModel(embedded_model(), use_mmap=False)
        settings = Settings(cells=512, sequences=1, ubatch=256, threads=2, threads_batch=2)
        self._context = NativeContext(self._model, settings)

    def close(self) -> None:
        self._context.close()
        self._model.close()

    def margins(self, prompt: tuple[int, ...], answer: tuple[int, ...]) -> list[float]:
        """By how much another token was better than each of the answer (0: it is the best), and
        than the end, where the answer is shorter than it may be.
        """
        self._context.remove(0)
        tokens, last = (*prompt, *answer), len(prompt) - 1
        slots = [Slot(token, at, 0, at >= last) for at, token in enumerate(tokens)]
        self._context.decode(slots)
        margins = []
        for at, token in enumerate(answer):
            logits = self._context.logits(last + at)
            margins.append(float(logits.max() - logits[token]))
        if len(answer) < LONGEST:
            logits = self._context.logits(last + len(answer))
            ends = [token for token in range(len(logits)) if self._model.ends(token)]
            margins.append(float(logits.max() - logits[ends].max()))
        return margins

    def text(self, answer: tuple[int, ...]) -> str:
        return b"".join(map(self._model.piece, answer)).decode("utf-8", "replace")


@dataclass(slots=True)
class Verdicts:
    """Of all streams. `wide`: margins that no rounding explains."""

    tokens: int = 0
    near: list[float] = field(default_factory=list)
    wide: list[float] = field(default_factory=list)
    without_end: int = 0
    other_text: int = 0

    def judge(self, told: Told, margins: Sequence[float], text: str) -> None:
        self.tokens += len(told.tokens)
        self.near += [margin for margin in margins if 0 < margin <= EPSILON]
        self.wide += [margin for margin in margins if margin > EPSILON]
        self.without_end += len(told.endings) != 1
        self.other_text += told.text != text

    @property
    def wrong(self) -> int:
        return len(self.wide) + self.without_end + self.other_text


async def _in_lanes(
    server: RealServer,
    worker: Worker,
    one: Callable[[Wire, int, Death], Awaitable[None]],
    plan: Sequence[Death],
) -> None:
    """All of the plan, LANES at a time, each over a wire of its own."""
    queue = iter(enumerate(plan))

    async def lane() -> None:
        for number, death in queue:
            async with a_wire(server, worker) as wire:
                await one(wire, number, death)
            if number % 50 == 49:
                print(f"bench: {number + 1} of {len(plan)} streams", flush=True)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(LANES):
            tasks.create_task(lane())


async def _ids(worker: Worker, asked: Sequence[Generation]) -> list[tuple[int, ...]]:
    model = WorkerLanguageModel(worker)
    return [await model.ids(each, deadline=soon()) for each in asked]


def _question(text: str) -> Generation:
    return Generation((Message(Role.USER, text),), max_tokens=LONGEST)
