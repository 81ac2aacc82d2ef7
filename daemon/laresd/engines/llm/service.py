"""The language model's requests: messages become tokens, and what the loop says becomes answers.

Ops; all may run side by side, and `priority` is a word of laresd.types.Priority:

    generate  {messages: [{role, content}], priority, grammar: {kind, text}, max_tokens,
              temperature, seed, stop} -> `part` {text} as it is decoded, then the facts of `_facts`
    prepare   {messages, priority, partial, keep} -> {head_tokens, head_from}: has what prompts
              with these first messages begin with computed, before anybody asks. `partial`: the
              last message is the beginning of what a user says. `keep`: on disk, too.

What prompts share, their system messages, is kept as it is computed (laresd.engines.llm.prefixes).
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from laresd.engines import worker
from laresd.engines.llm.chat import ChatTemplate, Message, Role, source_of
from laresd.engines.llm.constraint import Constraints, Grammar, Kind
from laresd.engines.llm.loop import Loop
from laresd.engines.llm.native import NativeContext, NativeModel
from laresd.engines.llm.prefixes import LEAST_HEAD, Prefixes
from laresd.engines.llm.radix import shared_length
from laresd.engines.llm.schedule import RANKS
from laresd.engines.llm.sequence import Answering, Counts, Finish, Wanted
from laresd.engines.llm.store import Head, PrefixStore
from laresd.errors import LaresError, Permanent, Refused
from laresd.frames import Fields
from laresd.types import Json, Priority

ROLES = tuple(str(role) for role in (Role.SYSTEM, Role.USER, Role.ASSISTANT))
HEADS_KNOWN = 64  # lengths of heads that are not counted again
MAX_TOKENS = 8192  # of one answer
MAX_TEMPERATURE = 10.0
MAX_SEED = 2**63 - 1

log = logging.getLogger(__name__)


class Asked:
    """A call as the loop's Watcher."""

    def __init__(self, call: worker.Call, *, preparing: bool = False) -> None:
        self._call = call
        self._preparing = preparing
        self._began = time.perf_counter()
        self._first = 0.0
        self._pieces = 0

    @property
    def cancelled(self) -> bool:
        return self._call.cancelled

    def text(self, piece: str) -> None:
        self._first = self._first or time.perf_counter() - self._began
        self._pieces += 1
        self._call.part({"text": piece})

    def alive(self) -> None:
        self._call.progress()

    def finished(self, why: Finish, counts: Counts, source: str) -> None:
        facts: dict[str, Json] = {"finish": str(why), "head_from": _head_from(counts, source)}
        if self._preparing:
            self._call.end(worker.Answer({**facts, "head_tokens": counts.reused + counts.computed}))
            return
        timing: dict[str, Json] = {
            "pieces": self._pieces,
            "first_seconds": round(self._first, 6),
            "seconds": round(time.perf_counter() - self._began, 6),
        }
        self._call.end(worker.Answer({**facts, **timing, **asdict(counts)}))

    def failed(self, error: LaresError) -> None:
        self._call.fail(error)


class Service:
    """One loaded model with its context. `start` must be called once, before the first request."""

    def __init__(
        self, model: NativeModel, context: NativeContext, store: PrefixStore | None = None
    ) -> None:
        """Raises Permanent for a model that cannot be talked to."""
        self._model, self._context, self._store = model, context, store
        self._constraints = Constraints(model)
        self._template = ChatTemplate(
            source_of(model.metadata),
            model.name(model.begin_token),
            model.name(model.end_token),
            self._constraints.special,
        )
        self._heads: dict[tuple[Message, ...], int] = {}
        self._to_keep: queue.SimpleQueue[tuple[Head, Answering]] = queue.SimpleQueue()
        self._loop = Loop(
            context,
            Prefixes(context, store),
            clock=time.monotonic,
            keep_head=self._keep if store is not None else None,
        )

    @property
    def handlers(self) -> Mapping[str, worker.Handler]:
        return {"generate": self.generate, "prepare": self.prepare}

    def start(self) -> None:
        """Begin to serve, in threads that end with the process."""
        threading.Thread(target=self._serve, name="llama", daemon=True).start()
        threading.Thread(target=self._write, name="heads", daemon=True).start()

    def generate(self, call: worker.Call) -> None:
        body = call.body
        messages = _messages(body)
        prompt = self._tokens(self._template.render(messages))
        grammar = body.row("grammar")
        wanted = Wanted(
            prompt,
            _rank(body, Priority.INTERACTIVE),
            max_tokens=min(body.integer("max_tokens", 128), MAX_TOKENS),
            head=self._head_length(messages, prompt),
            constraint=self._constraints.compile(_grammar(grammar)) if grammar else None,
            temperature=_within(body.real("temperature", 0.0), MAX_TEMPERATURE, "temperature"),
            seed=int(_within(body.integer("seed", 0), MAX_SEED, "seed")),
            stop=body.texts("stop"),
        )
        self._submit(wanted, call, Asked(call))

    def prepare(self, call: worker.Call) -> worker.Answer | None:
        body = call.body
        messages = _messages(body)
        partial, first = "", messages
        if body.flag("partial", False):
            partial, first = messages[-1].content, messages[:-1]
        head = self._shared(first, partial)
        if len(head) < LEAST_HEAD:
            return worker.Answer({"head_tokens": len(head), "head_from": ""})
        wanted = Wanted(
            head,
            _rank(body, Priority.BACKGROUND),
            max_tokens=0,
            head=0 if partial else len(head),
            keep=body.flag("keep", False),
        )
        self._submit(wanted, call, Asked(call, preparing=True))
        return None

    def _submit(self, wanted: Wanted, call: worker.Call, asked: Asked) -> None:
        room = self._context.settings.cells
        if len(wanted.prompt) + wanted.max_tokens > room:
            raise Refused(
                f"the question is too long for the language model: {len(wanted.prompt)} tokens and "
                f"an answer of up to {wanted.max_tokens}, in a context of {room}",
                remedy="ask for less, or raise llm.context",
            )
        self._loop.submit(wanted, asked)
        call.when_cancelled(lambda: self._loop.cancel(asked))

    def _tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self._model.tokens(text, begin=False, special=True))

    def _head_length(self, messages: Sequence[Message], prompt: Sequence[int]) -> int:
        """How many of the prompt's tokens are its system messages, which other prompts share."""
        first = tuple(message for message in messages if message.role is Role.SYSTEM)
        if not first or len(first) == len(messages):
            return 0
        if first not in self._heads:
            if len(self._heads) >= HEADS_KNOWN:
                self._heads.clear()
            self._heads[first] = shared_length(self._shared(first, ""), prompt)
        return self._heads[first]

    def _shared(self, first: Sequence[Message], partial: str) -> tuple[int, ...]:
        """The tokens that all prompts share which have these first messages and then what a user
        says, from `partial` on.
        """
        one, other = (
            self._tokens(self._template.render([*first, Message(Role.USER, partial + letter)]))
            for letter in ("a", "1")
        )
        return one[: shared_length(one, other)]

    def _keep(self, answering: Answering) -> None:
        """Have a computed head written to disk; its call ends when it is."""
        tokens = tuple(answering.tokens[: answering.computed])
        if self._store is None or self._store.longest(tokens) == len(tokens):
            answering.end(Finish.LENGTH)
        else:
            head = Head(tokens, self._context.state(answering.place))
            self._to_keep.put((head, answering))

    def _write(self) -> None:
        """The thread that writes heads: a memory card may take seconds for one."""
        while True:
            head, answering = self._to_keep.get()
            assert self._store is not None
            self._store.write(head, alive=answering.watcher.alive)
            answering.end(Finish.LENGTH)

    def _serve(self) -> None:
        """The thread that owns the context. What it cannot go on from ends the process, which the
        daemon then starts again.
        """
        try:
            self._loop.run()
        except MemoryError:
            os._exit(worker.EXIT_MEMORY)
        except BrokenPipeError:
            os._exit(0)
        except Exception:  # the worker's edge
            log.exception("the language model's loop has ended")
            os._exit(worker.EXIT_DEFECT)


def _head_from(counts: Counts, source: str) -> str:
    """Where most of what was known came from: memory, store, or computed."""
    return source if counts.computed <= 1 or counts.reused > counts.computed else "computed"


def _rank(body: Fields, otherwise: Priority) -> int:
    named = body.text("priority", str(otherwise))
    try:
        return RANKS[Priority(named)]
    except ValueError:
        known = ", ".join(Priority)
        raise Permanent(f"the priority must be one of {known}, not {named!r}") from None


def _within(value: float, most: float, name: str) -> float:
    if not 0 <= value <= most:  # so is what is no number
        raise Permanent(f"the {name} must be from 0 to {most}, not {value}")
    return value


def _grammar(row: Fields) -> Grammar:
    named = row.text("kind")
    try:
        return Grammar(Kind(named), row.text("text"))
    except ValueError:
        known = ", ".join(Kind)
        raise Permanent(f"the kind of a grammar must be one of {known}, not {named!r}") from None


def _messages(body: Fields) -> list[Message]:
    messages = [_message(row) for row in body.rows("messages")]
    if not messages:
        raise Permanent("the language model was given no messages")
    return messages


def _message(row: Fields) -> Message:
    role = row.text("role")
    if role not in ROLES:
        raise Permanent(f"a message's role must be one of {', '.join(ROLES)}, not {role!r}")
    return Message(Role(role), row.text("content"))
