"""One request on its way through the model: its tokens, and how far they are computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from laresd.engines.llm.context import Model
from laresd.engines.llm.lookup import Lookup
from laresd.engines.llm.radix import shared_length
from laresd.engines.llm.sampling import Mask, Sampler
from laresd.engines.llm.text import TextStream
from laresd.errors import LaresError, Permanent
from laresd.generation import Finish


class Constraint(Protocol):
    """What the answer is bound to; see laresd.engines.llm.constraint."""

    def mask(self) -> Mask | None: ...
    def forced(self) -> list[int]: ...
    def accept(self, tokens: Sequence[int]) -> None: ...
    def accepted_prefix(self, tokens: Sequence[int]) -> int: ...
    @property
    def finished(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the model. `rank`: its class, 0 is voice. `head`: how many of the prompt's
    first tokens other prompts will share. `keep`: the head is to be found after a restart, too.
    With `max_tokens` 0 the prompt is only computed. `shown`: text of control tokens that belong to
    the answer, by token. `adapter`: the name of a LoRA adapter, "" for none. `said`: the answer's
    first tokens, which are known, and `said_text` what was shown of them, with which their text
    begins: the answer goes on there.
    """

    prompt: tuple[int, ...]
    rank: int
    max_tokens: int = 128
    head: int = 0
    keep: bool = False
    constraint: Constraint | None = None
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    lookup: bool = True
    shown: Mapping[int, str] = field(default_factory=dict)
    adapter: str = ""
    said: tuple[int, ...] = ()
    said_text: str = ""


@dataclass(slots=True)
class Counts:
    """What a request cost, in tokens where nothing else is said."""

    prompt: int = 0
    answer: int = 0  # with what was said before
    batches: int = 0
    computed: int = 0
    reused: int = 0  # of the prompt: found in the KV cache, or on disk
    sampled: int = 0  # each was chosen from logits
    forced: int = 0  # the grammar left no choice
    drafted: int = 0
    accepted: int = 0  # of the drafted ones
    redone: int = 0  # computed again after an interruption


class Watcher(Protocol):
    """Who asked. Called from the engine's thread; must neither block nor raise. Of `finished` and
    `failed` exactly one is called, once; `alive` while the engine works, on others' requests, too.
    `text` is told with the tokens that became known since its last call.
    """

    @property
    def cancelled(self) -> bool: ...
    def text(self, piece: str, tokens: Sequence[int]) -> None: ...
    def alive(self) -> None: ...
    def finished(self, why: Finish, counts: Counts, source: str) -> None: ...
    def failed(self, error: LaresError) -> None: ...


class Answering:
    """One request: its known tokens, how many of them are in the KV cache, and what it may say.

    `place`: its sequence id in the KV cache, -1 while it has none. `moved_at`: clock seconds when
    it last was in a batch. `suspended`: it has had to give up its place for another.
    """

    def __init__(
        self, wanted: Wanted, watcher: Watcher, model: Model, *, number: int, now: float
    ) -> None:
        self.wanted, self.watcher, self.number = wanted, watcher, number
        self.place, self.computed, self.source = -1, 0, ""
        self.moved_at, self.suspended = now, False
        self.tokens = [*wanted.prompt, *wanted.said]
        self.draft: list[int] = []
        self.counts = Counts(prompt=len(wanted.prompt))
        self._told = len(self.tokens)
        self._shown = 0  # characters of the text that comes next which were shown before
        self.finish: Finish | None = None
        self._model = model
        self._sampler = Sampler(wanted.temperature, wanted.seed)
        self._text = TextStream(wanted.stop)
        guesses = wanted.lookup and self._sampler.greedy and model.rewinds
        self._lookup = Lookup() if guesses else None
        self._guessed_at = 0  # how many tokens were known then

    @property
    def pending(self) -> int:
        """Known tokens that are not in the KV cache."""
        return len(self.tokens) - self.computed

    @property
    def room(self) -> int:
        """Tokens that the answer may still have."""
        return self.wanted.max_tokens + len(self.wanted.prompt) - len(self.tokens)

    @property
    def prefilling(self) -> bool:
        return self.computed < len(self.wanted.prompt) + len(self.wanted.said)

    def begin(self) -> None:
        """Go on from what was said, and add what the grammar forces to follow. Raises Permanent
        when the grammar does not allow what was said.
        """
        constraint, said = self.wanted.constraint, self.wanted.said
        if said:
            self._resume(said)
        if constraint is not None and self.room > 0 and self.finish is None:
            if said and constraint.accepted_prefix(said) < len(said):
                raise Permanent("the answer so far is not what its grammar allows")
            constraint.accept(said)
            self._force(constraint)

    def guess(self) -> None:
        """Have a draft of what follows, where one can be made and is worth it."""
        if self._lookup is None or self.prefilling or self._guessed_at == len(self.tokens):
            return
        if self.pending == 1:
            draft, bound = self._lookup.next(self.tokens, self.room - 1), self.wanted.constraint
            self.draft = draft[: bound.accepted_prefix(draft)] if bound and draft else draft
            self._guessed_at = len(self.tokens)

    def advance(self, logits: Callable[[int], NDArray[np.float32]], drafted: int) -> int:
        """Go on after a batch with all known tokens and the first `drafted` ones of the draft.

        `logits(n)`: [n_vocab], after the last known token and n drafted ones. Returns how many of
        the drafted tokens were right: only those may stay in the KV cache.
        """
        draft, known = self.draft[:drafted], len(self.tokens)
        self.computed, self.draft = known, []
        right = 0
        while self.finish is None:
            self._choose(logits(right))
            new = self.tokens[known:]
            if self.finish is not None or len(new) > len(draft) or new != draft[: len(new)]:
                break
            right = len(new)
        right = shared_length(draft, self.tokens[known:])
        if draft and self._lookup is not None:
            self._lookup.verified(len(draft), right)
            self.counts.drafted += len(draft)
            self.counts.accepted += right
        self.computed += right
        return right

    def end(self, why: Finish) -> None:
        """Tell what is left to tell, once."""
        self.finish = why
        rest = "" if why is Finish.CANCELLED else self._text.end()
        self.counts.answer = len(self.tokens) - len(self.wanted.prompt)
        self._tell(rest)
        self.watcher.finished(why, self.counts, self.source)

    def _choose(self, logits: NDArray[np.float32]) -> None:
        """One token by the model, and those that the grammar then forces."""
        if self.room <= 0:
            self.finish = Finish.LENGTH
            return
        constraint = self.wanted.constraint
        token = self._sampler.pick(logits, constraint.mask() if constraint else None)
        self.counts.sampled += 1
        if self._model.ends(token):
            self.finish = Finish.STOP
            return
        self._say([token])
        if constraint is None or self.finish is not None:
            return
        constraint.accept([token])
        self._force(constraint)

    def _force(self, constraint: Constraint) -> None:
        forced = constraint.forced()[: self.room]
        if forced:
            constraint.accept(forced)
            self.counts.forced += len(forced)
            self._say(forced)
        if constraint.finished and self.finish is None:
            self.finish = Finish.STOP

    def _resume(self, said: Sequence[int]) -> None:
        """Have the text as whoever computed `said` left it, and tell what was not shown of it."""
        self._shown = len(self.wanted.said_text)
        self._tell(self._text.feed(b"".join(map(self._piece, said))))
        if self._text.stopped:
            self.finish = Finish.STOP
        elif self.room <= 0:
            self.finish = Finish.LENGTH

    def _tell(self, text: str) -> None:
        before = min(self._shown, len(text))
        self._shown -= before
        text = text[before:]
        if text:
            self.watcher.text(text, self.tokens[self._told :])
            self._told = len(self.tokens)

    def _say(self, tokens: Sequence[int]) -> None:
        self.tokens += tokens
        self._tell(self._text.feed(b"".join(map(self._piece, tokens))))
        if self._text.stopped:
            self.finish = Finish.STOP
        elif self.room <= 0:
            self.finish = Finish.LENGTH

    def _piece(self, token: int) -> bytes:
        shown = self.wanted.shown.get(token)
        return self._model.piece(token) if shown is None else shown.encode()
