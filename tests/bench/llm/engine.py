"""Our side: the engine's loop over one loaded model, driven as the daemon's worker drives it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from laresd.engines.llm.chat import ChatTemplate, source_of
from laresd.engines.llm.constraint import Constraints
from laresd.engines.llm.context import Settings
from laresd.engines.llm.loading import SEQUENCES, UBATCH
from laresd.engines.llm.loop import Loop
from laresd.engines.llm.native import NativeContext, NativeModel
from laresd.engines.llm.prefixes import Prefixes
from laresd.engines.llm.schedule import RANKS
from laresd.engines.llm.sequence import Answering, Counts, Wanted
from laresd.engines.llm.store import Head, PrefixStore
from laresd.errors import LaresError
from laresd.generation import Finish, Message
from laresd.types import Priority

VOICE, BACKGROUND = RANKS[Priority.VOICE], RANKS[Priority.BACKGROUND]
WARM_UP = 31  # tokens; one more, and they would be kept as a head
PATIENCE_S = 900.0


class Asked:
    """A request as the loop's Watcher. Times are seconds of `time.perf_counter`."""

    def __init__(self) -> None:
        self.cancelled = False
        self.pieces: list[str] = []
        self.began = time.perf_counter()
        self.ended = 0.0
        self.counts = Counts()
        self.why: Finish | None = None
        self.error: LaresError | None = None
        self._done = threading.Event()

    def text(self, piece: str, tokens: Sequence[int]) -> None:
        self.pieces.append(piece)

    def alive(self) -> None:
        pass

    def finished(self, why: Finish, counts: Counts, source: str) -> None:
        self.ended = time.perf_counter()
        self.why, self.counts = why, counts
        self._done.set()

    def failed(self, error: LaresError) -> None:
        self.error = error
        self._done.set()

    @property
    def done(self) -> bool:
        return self._done.is_set()

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def answer(self) -> str:
        return "".join(self.pieces)

    def wait(self) -> Asked:
        """Until it has ended. Raises LaresError for a request that failed."""
        if not self._done.wait(PATIENCE_S):
            raise TimeoutError("the engine has not ended a request")
        if self.error is not None:
            raise self.error
        return self


class Endless(NativeModel):
    """A model whose answers never end by themselves, as llama-server's `ignore_eos`."""

    def ends(self, token: int) -> bool:
        return False


class Model:
    """A loaded model: a prompt's tokens, and new engines over it."""

    def __init__(self, path: Path, threads: int) -> None:
        self.path, self.threads = path, threads
        self.native = Endless(path, use_mmap=False)
        self.constraints = Constraints(NativeVocabulary(self.native))
        self._chat = ChatTemplate(
            source_of(self.native.metadata),
            self.native.name(self.native.begin_token),
            self.native.name(self.native.end_token),
            self.constraints.special,
        )

    def prompt(self, messages: Sequence[Message]) -> tuple[int, ...]:
        text = self._chat.render(messages)
        return tuple(self.native.tokens(text, begin=False, special=True))

    def text(self, tokens: Sequence[int]) -> str:
        return b"".join(map(self.native.piece, tokens)).decode("utf-8", "replace")

    @contextmanager
    def engine(self, cells: int, store: PrefixStore | None = None) -> Iterator[Engine]:
        """A new context with nothing in it, warmed up."""
        settings = Settings(
            cells=cells,
            sequences=SEQUENCES,
            ubatch=UBATCH,
            threads=self.threads,
            threads_batch=self.threads,
        )
        context = NativeContext(self.native, settings)
        try:
            yield Engine(context, store)
        finally:
            context.close()


class NativeVocabulary:
    """The model's vocabulary with the tokens that end an answer, which `Endless` denies."""

    def __init__(self, model: NativeModel) -> None:
        self._model = model
        self.vocabulary, self.n_vocab = model.vocabulary, model.n_vocab

    def ends(self, token: int) -> bool:
        return NativeModel.ends(self._model, token)


class Engine:
    """One loop over one context."""

    def __init__(self, context: NativeContext, store: PrefixStore | None) -> None:
        self._context, self._store = context, store
        self.prefixes = Prefixes(context, store)
        self.loop = Loop(context, self.prefixes, clock=time.monotonic, keep_head=self._keep)
        for first in (100, 200):
            self.ask(Wanted(tuple(range(first, first + WARM_UP)), VOICE, max_tokens=2))

    def ask(self, *wanted: Wanted) -> list[Asked]:
        """All at once, computed in this thread until all have ended."""
        asked = [self.submit(each) for each in wanted]
        while not all(each.done for each in asked):
            self.loop.turn()
        return [each.wait() for each in asked]

    def submit(self, wanted: Wanted) -> Asked:
        asked = Asked()
        self.loop.submit(wanted, asked)
        return asked

    def cancel(self, asked: Asked) -> None:
        asked.cancelled = True
        self.loop.cancel(asked)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """While the block runs, the loop does, in a thread of its own."""
        thread = threading.Thread(target=self.loop.run, name="llama")
        thread.start()
        try:
            yield
        finally:
            self.loop.close()
            thread.join()

    def _keep(self, answering: Answering) -> None:
        tokens = tuple(answering.tokens[: answering.computed])
        if self._store is not None:
            self._store.write(Head(tokens, self._context.state(answering.place)))
        answering.end(Finish.LENGTH)


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))
