"""What llama-server streams from /completion: text with the ids of its tokens. No I/O.

(tools/server of llama.cpp, README.md and server-context.cpp.) Each event has one token, but for
characters that several make: of those only the last one is told, with `tokens_predicted` to
count by. A token without text is one that ends the answer, or nothing that can be shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from laresd.backends.hosts import faults, reading
from laresd.backends.hosts.answers import read_object
from laresd.backends.hosts.stops import Stops
from laresd.generation import Ending, Finish, Generation, Piece
from laresd.types import Json

_ENDS = {"eos": Finish.STOP, "word": Finish.STOP, "limit": Finish.LENGTH}


@dataclass(frozen=True, slots=True)
class Start:
    """From where the host goes on. `prompt`: as /completion takes it. `held`: text of the tokens
    in it that was not shown. `again`: said tokens that are left out of it, since they end within
    a character; the host computes them once more. `known`: its tokens are the local model's, and
    follow those that were said.
    """

    prompt: Json
    known: bool = False
    held: str = ""
    again: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """One event. `missing`: how many tokens before `tokens` were not told."""

    text: str
    tokens: tuple[int, ...]
    missing: int


class TokenReader:
    """Events to pieces. `complete`: the model has ended; `over`: nothing of use follows."""

    def __init__(self, host: str, generation: Generation, start: Start) -> None:
        self.complete = self.over = False
        self._host = host
        self._generation = generation
        self._stops = Stops(generation.stop, start.held)
        self._known = start.known
        self._again = start.again
        self._before = len(generation.said.tokens) - len(start.again)
        self._pending: tuple[int, ...] = ()
        self._predicted = self._evaluated = self._cached = 0
        self._finish = Finish.STOP

    def read(self, event: bytes) -> Part | None:
        """None for the last event. Raises Temporary for what is none of /completion."""
        message = read_object(self._host, event)
        content, stop = message.get("content"), message.get("stop")
        if not isinstance(content, str) or not isinstance(stop, bool):
            raise faults.no_answer(self._host, "an event without text")
        tokens = reading.tokens(message.get("tokens"))
        predicted = reading.count(message.get("tokens_predicted"))
        missing = max(predicted - self._predicted - len(tokens), 0)
        self._predicted = max(predicted, self._predicted + len(tokens))
        self._evaluated = reading.count(message.get("tokens_evaluated")) or self._evaluated
        timings = reading.an_object(message.get("timings"))
        self._cached = reading.count(timings.get("cache_n")) or self._cached
        if not stop:
            return Part(content, tokens, missing)
        self._end(reading.text(message.get("stop_type")))
        return None

    def wants(self, part: Part) -> bool:
        """Whether the missing tokens are worth asking for."""
        return self._known and part.missing > 0

    def take(self, part: Part, found: tuple[int, ...] = ()) -> Piece | None:
        """What is new. `found`: all tokens of the part's text, where some are missing."""
        tokens = part.tokens
        if part.missing:
            tokens = found
            whole = len(found) == part.missing + len(part.tokens)
            self._known &= whole and found[part.missing :] == part.tokens
        self._known &= bool(tokens)
        tokens = self._without_repeated(tokens)
        if not part.text:
            self._pending += tokens
            return None
        tokens, self._pending = self._pending + tokens, ()
        shown = self._stops.feed(part.text)
        if self._stops.stopped:
            self._finish, self.complete, self.over = Finish.STOP, True, True
        tokens = tokens if self._known else ()
        return Piece(shown, tokens) if shown or tokens else None

    def end(self) -> Piece:
        """The last piece. Raises Temporary where the model had not ended."""
        if not self.complete:
            raise faults.broke_off(self._host)
        prompt = len(self._generation.ids) if self._known else self._evaluated
        ending = Ending(
            self._finish,
            prompt_tokens=prompt,
            cached_tokens=min(self._cached, prompt),
            answer_tokens=self._before + self._predicted,
        )
        return Piece(self._stops.end(), self._pending if self._known else (), ending)

    def _end(self, why: str) -> None:
        if why not in _ENDS:
            raise faults.no_answer(self._host, f"an end for the reason {why[:40]!r}")
        self._finish, self.complete, self.over = _ENDS[why], True, True
        if why == "eos":
            self._pending = self._pending[:-1]

    def _without_repeated(self, tokens: tuple[int, ...]) -> tuple[int, ...]:
        """A host that decides otherwise within the character has gone another way: from there on
        the ids that were said are not those of the text.
        """
        count = min(len(self._again), len(tokens))
        self._known &= tokens[:count] == self._again[:count]
        self._again = self._again[count:]
        return tokens[count:]
