"""The language model's requests: messages become tokens, and what the loop says becomes answers.

Ops; all may run side by side, and `priority` is a word of laresd.types.Priority:

    generate  {messages, prompt, priority, grammar: {kind, text}, tools: [{name, description,
              parameters}], tool_choice (auto, required), max_calls, adapter, max_tokens,
              temperature, seed, stop, said: {text, tokens}}
              -> `part` {text, tokens} as it is decoded, then what it cost. With tools there are no
              parts: the end has {text, calls: [{name, arguments}]}. `prompt`: a text to go on from,
              where there are no messages. `said`: the answer so far, which is gone on from; its
              text alone will do.
    hold      {priority, seconds}: what is less urgent waits so long, or until the next hold.
    pace      {share}: compute with so much of the threads, over 0, at most 1.
    ids       {messages, prompt, tools} -> {ids}: the prompt as tokens.
    prepare   {messages, priority, partial, keep} -> {head_tokens, head_from}: has what prompts
              with these first messages begin with computed, before anybody asks. `partial`: the
              last message is the beginning of what a user says. `keep`: on disk, too.

A message is {role, content}; an assistant's may have `calls` ([{id, name, arguments}]), a tool's
has the `call` that it answers. What prompts share, their system messages, is kept as it is computed
(laresd.engines.llm.prefixes).
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict

from laresd.engines import worker
from laresd.engines.llm.bodies import read_messages, read_tools, word
from laresd.engines.llm.chat import EXAMPLES, ChatTemplate, source_of
from laresd.engines.llm.constraint import Constraint, Constraints
from laresd.engines.llm.loop import Loop
from laresd.engines.llm.native import NativeContext, NativeModel
from laresd.engines.llm.prefixes import LEAST_HEAD, Prefixes
from laresd.engines.llm.radix import shared_length
from laresd.engines.llm.schedule import RANKS
from laresd.engines.llm.sequence import Answering, Counts, Wanted
from laresd.engines.llm.store import Head, PrefixStore
from laresd.engines.llm.tools.format import MAX_CALLS, Format
from laresd.errors import LaresError, Permanent, Refused
from laresd.frames import Fields
from laresd.generation import AnswerGrammar, Choice, Finish, GrammarKind, Message, Role, Tool
from laresd.types import Json, Priority

HEADS_KNOWN = 64  # lengths of heads that are not counted again
MAX_TOKENS = 8192  # of one answer
MAX_TEMPERATURE = 10.0
MAX_HOLD_S = 60.0
MAX_SEED = 2**63 - 1

log = logging.getLogger(__name__)


class Asked:
    """A call as the loop's Watcher: answered with the text as it comes, and its cost at the end."""

    def __init__(self, call: worker.Call) -> None:
        self._call = call
        self._began = time.perf_counter()
        self._first = 0.0

    @property
    def cancelled(self) -> bool:
        return self._call.cancelled

    def text(self, piece: str, tokens: Sequence[int]) -> None:
        self._first = self._first or time.perf_counter() - self._began
        self._show(piece, tokens)

    def alive(self) -> None:
        self._call.progress()

    def finished(self, why: Finish, counts: Counts, source: str) -> None:
        timing: dict[str, Json] = {
            "first_seconds": round(self._first, 6),
            "seconds": round(time.perf_counter() - self._began, 6),
        }
        found: dict[str, Json] = {"finish": str(why), "head_from": _head_from(counts, source)}
        self._call.end(worker.Answer({**found, **timing, **asdict(counts), **self._said()}))

    def failed(self, error: LaresError) -> None:
        self._call.fail(error)

    def _show(self, piece: str, tokens: Sequence[int]) -> None:
        self._call.part({"text": piece, "tokens": [*tokens]})

    def _said(self) -> dict[str, Json]:
        return {}


class AskedToPrepare(Asked):
    """Of a prompt that is only computed."""

    def finished(self, why: Finish, counts: Counts, source: str) -> None:
        tokens = counts.reused + counts.computed
        found: dict[str, Json] = {"head_tokens": tokens, "head_from": _head_from(counts, source)}
        self._call.end(worker.Answer(found))


class AskedWithTools(Asked):
    """Of an answer that may be calls: told at the end, when it is known which."""

    def __init__(
        self, call: worker.Call, form: Format, tools: Sequence[Tool], said: str = ""
    ) -> None:
        """`said`: the text that was shown before."""
        super().__init__(call)
        self._form, self._tools = form, tools
        self._before = said
        self._pieces: list[str] = [said]

    def _show(self, piece: str, tokens: Sequence[int]) -> None:
        self._pieces.append(piece)

    def _said(self) -> dict[str, Json]:
        parsed = self._form.parse("".join(self._pieces), self._tools)
        calls: list[Json] = [
            {"name": call.name, "arguments": dict(call.arguments)} for call in parsed.calls
        ]
        return {"text": parsed.text[len(self._before) :], "calls": calls}


class Service:
    """One loaded model with its context. `start` must be called once, before the first request."""

    def __init__(
        self,
        model: NativeModel,
        context: NativeContext,
        store: PrefixStore | None = None,
        *,
        adapters: Collection[str] = (),
    ) -> None:
        """`adapters`: names of those that the context has. Raises Permanent for a model that cannot
        be talked to.
        """
        self._model, self._context, self._store = model, context, store
        self._adapters = frozenset(adapters)
        self._constraints = Constraints(model)
        self._template = ChatTemplate(
            source_of(model.metadata),
            model.name(model.begin_token),
            model.name(model.end_token),
            self._constraints.special,
        )
        self._heads: dict[str, int] = {}  # lengths, by what is in them
        self._to_keep: queue.SimpleQueue[tuple[Head, Answering]] = queue.SimpleQueue()
        self._loop = Loop(
            context,
            Prefixes(context, store),
            clock=time.monotonic,
            keep_head=self._keep if store is not None else None,
        )

    @property
    def handlers(self) -> Mapping[str, worker.Handler]:
        return {
            "generate": self.generate,
            "prepare": self.prepare,
            "ids": self.ids,
            "hold": self.hold,
            "pace": self.pace,
        }

    def start(self) -> None:
        """Begin to serve, in threads that end with the process."""
        threading.Thread(target=self._serve, name="llama", daemon=True).start()
        threading.Thread(target=self._write, name="heads", daemon=True).start()

    def generate(self, call: worker.Call) -> None:
        body = call.body
        messages, tools = _messages(body), read_tools(body)
        prompt = self._prompt(body, messages, tools)
        form = self._template.format
        said, said_text = self._said(body)
        wanted = Wanted(
            prompt,
            _rank(body, Priority.INTERACTIVE),
            max_tokens=min(body.integer("max_tokens", 128), MAX_TOKENS),
            head=self._head_length(messages, tools, prompt) if messages else 0,
            constraint=self._constraint(body, tools),
            temperature=_within(body.real("temperature", 0.0), MAX_TEMPERATURE, "temperature"),
            seed=int(_within(body.integer("seed", 0), MAX_SEED, "seed")),
            stop=body.texts("stop"),
            shown=form.shown if tools else {},
            adapter=self._adapter(body.text("adapter", "")),
            said=said,
            said_text=said_text,
        )
        asked = AskedWithTools(call, form, tools, said_text) if tools else Asked(call)
        self._submit(wanted, call, asked)

    def ids(self, call: worker.Call) -> worker.Answer:
        body = call.body
        prompt = self._prompt(body, _messages(body), read_tools(body))
        return worker.Answer({"ids": [*prompt]})

    def prepare(self, call: worker.Call) -> worker.Answer | None:
        body = call.body
        messages, tools = read_messages(body), read_tools(body)
        partial, first = "", messages
        if body.flag("partial", False):
            partial, first = messages[-1].content, messages[:-1]
        head = self._shared(first, tools, partial)
        if len(head) < LEAST_HEAD:
            return worker.Answer({"head_tokens": len(head), "head_from": ""})
        wanted = Wanted(
            head,
            _rank(body, Priority.BACKGROUND),
            max_tokens=0,
            head=0 if partial else len(head),
            keep=body.flag("keep", False),
        )
        self._submit(wanted, call, AskedToPrepare(call))
        return None

    def hold(self, call: worker.Call) -> worker.Answer:
        seconds = _within(call.body.real("seconds"), MAX_HOLD_S, "seconds of a hold")
        self._loop.hold(_rank(call.body, Priority.BACKGROUND), seconds)
        return worker.Answer()

    def pace(self, call: worker.Call) -> worker.Answer:
        share = _within(call.body.real("share"), 1.0, "share of the threads")
        if share <= 0:
            raise Permanent("the share of the threads must be more than nothing")
        self._loop.pace(share)
        return worker.Answer()

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

    def _prompt(
        self, body: Fields, messages: Sequence[Message], tools: Sequence[Tool]
    ) -> tuple[int, ...]:
        if messages:
            return self._tokens(self._template.render(messages, tools))
        return tuple(self._model.tokens(body.text("prompt"), begin=True, special=True))

    def _said(self, body: Fields) -> tuple[tuple[int, ...], str]:
        """The answer's first tokens, and the text that was shown of them. Tokens that do not begin
        with this text, or are none of this model, are taken for those of another one.
        """
        row = body.row("said")
        if row is None:
            return (), ""
        text, tokens = row.text("text", ""), row.integers("tokens")
        known = all(0 <= token < self._model.n_vocab for token in tokens)
        if tokens and known and self._bytes(tokens).startswith(text.encode()):
            return tokens, text
        return tuple(self._model.tokens(text, begin=False, special=False)) if text else (), text

    def _bytes(self, tokens: Sequence[int]) -> bytes:
        return b"".join(map(self._model.piece, tokens))

    def _tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self._model.tokens(text, begin=False, special=True))

    def _constraint(self, body: Fields, tools: Sequence[Tool]) -> Constraint | None:
        """What the answer is bound to: the grammar, the tools, or to have no thoughts."""
        row, form = body.row("grammar"), self._template.format
        if row is not None:
            return self._constraints.compile(_grammar(row))
        if tools:
            choice = word(Choice, body.text("tool_choice", str(Choice.AUTO)), "choice of tools")
            most = body.integer("max_calls", MAX_CALLS)
            return self._constraints.compile(form.grammar(tools, choice, most))
        return self._constraints.compile(form.words()) if self._template.thinks else None

    def _adapter(self, name: str) -> str:
        if name and name not in self._adapters:
            known = ", ".join(sorted(self._adapters)) or "none"
            raise Permanent(
                f"there is no adapter {name!r} for the language model; known: {known}",
                remedy="name it under [llm.adapters] in the configuration",
            )
        return name

    def _head_length(
        self, messages: Sequence[Message], tools: Sequence[Tool], prompt: Sequence[int]
    ) -> int:
        """How many of the prompt's tokens are its system messages, which other prompts share."""
        first = tuple(message for message in messages if message.role is Role.SYSTEM)
        if not (first or tools) or len(first) == len(messages):
            return 0
        key = repr((first, tools))
        if key not in self._heads:
            if len(self._heads) >= HEADS_KNOWN:
                self._heads.clear()
            self._heads[key] = shared_length(self._shared(first, tools, ""), prompt)
        return self._heads[key]

    def _shared(
        self, first: Sequence[Message], tools: Sequence[Tool], partial: str
    ) -> tuple[int, ...]:
        """The tokens that all prompts share which have these first messages and then what a user
        says, from `partial` on.
        """
        one, other = (
            self._tokens(self._template.render([*first, Message(Role.USER, partial + more)], tools))
            for more in EXAMPLES
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


def _messages(body: Fields) -> list[Message]:
    """None where the request is a plain text to go on from."""
    return [] if body.text("prompt", "") else read_messages(body)


def _head_from(counts: Counts, source: str) -> str:
    """Where most of what was known came from: memory, store, or computed."""
    return source if counts.computed <= 1 or counts.reused > counts.computed else "computed"


def _rank(body: Fields, otherwise: Priority) -> int:
    return RANKS[word(Priority, body.text("priority", str(otherwise)), "priority")]


def _within(value: float, most: float, name: str) -> float:
    if not 0 <= value <= most:  # so is what is no number
        raise Permanent(f"the {name} must be from 0 to {most}, not {value}")
    return value


def _grammar(row: Fields) -> AnswerGrammar:
    return AnswerGrammar(word(GrammarKind, row.text("kind"), "kind of a grammar"), row.text("text"))
