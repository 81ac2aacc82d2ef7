"""A command to the home as a call in JSON: over its own bound, and over llama-server."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

from laresd.core import prompt
from laresd.engines.llm.sequence import Counts, Wanted
from laresd.generation import AnswerGrammar, GrammarKind, Message, Role
from laresd.types import Json, Priority, Request
from tests.bench.llm import home
from tests.bench.llm.bench import Bench, median, slot
from tests.bench.llm.engine import VOICE, Asked, Engine
from tests.bench.llm.peer import Completion
from tests.bench.results import Row

CELLS = 4096
LONGEST = 128  # tokens of an answer

Command = Callable[[int], tuple[tuple[int, ...], AnswerGrammar]]  # of a question's number


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second behind the head: of one token at a time, and of a prompt."""

    decode: float
    prefill: float

    def bound(self, counts: Counts, asked: int) -> float:
        """Seconds for the tokens that were chosen, one decode each but for the first, whose logits
        come with the prompt, and at prompt speed for those that were forced, and for those of the
        prompt's `asked` ones that were not known.
        """
        own = asked - counts.reused
        return (counts.sampled - 1) / self.decode + (counts.forced + own) / self.prefill


@dataclass(frozen=True, slots=True)
class _Sample:
    """One command: our seconds, its bound and what was counted; llama-server bound to the schema,
    and to a grammar for the same answers that has no white space.
    """

    seconds: float
    bound: float
    counts: Counts
    peer: Completion
    bare: Completion


def tool_call(bench: Bench) -> list[Row]:
    samples = []
    command = json_command(bench)
    with bench.server(cells=CELLS) as server, bench.model.engine(CELLS) as engine:
        speed = _warm(bench, engine, command)
        server.ask(command(0)[0], 1, slot(0))
        for number in range(1, bench.rounds + 1):
            tokens, grammar = command(number)
            asked, seconds = ask(bench, engine, tokens, grammar)
            bound = speed.bound(asked.counts, len(tokens))
            peer = server.ask(tokens, LONGEST, {**slot(0), "json_schema": home.schema()})
            bare = server.ask(tokens, LONGEST, {**slot(0), "grammar": home.gbnf()})
            _check(asked.answer, peer.text, bare.text)
            samples.append(_Sample(seconds, bound, asked.counts, peer, bare))
            bench.say(
                f"tool_call {number} of {bench.rounds}: {seconds:.3f} s, bound {bound:.3f}; "
                f"llama-server {peer.seconds:.3f}, without white space {bare.seconds:.3f}; "
                f"{asked.answer} {bare.text}"
            )
    return [_over_bound(bench, samples, speed), _over_server(bench, samples)]


def compact(bench: Bench) -> list[Row]:
    """Our own form of a call, which means the same, over llama-server's JSON."""
    ours, theirs, tokens = [], [], []
    command, in_json = compact_command(bench), json_command(bench)
    with bench.server(cells=CELLS) as server, bench.model.engine(CELLS) as engine:
        _warm(bench, engine, command)
        server.ask(in_json(0)[0], 1, slot(0))
        for number in range(1, bench.rounds + 1):
            asked, seconds = ask(bench, engine, *command(number))
            meant = prompt.parse(asked.answer.removesuffix(";"), home.as_home())
            assert meant is not None and len(meant.actions) == 1, f"no call: {asked.answer}"
            ours.append(seconds)
            tokens.append(asked.counts.sampled + asked.counts.forced)
            schema: dict[str, Json] = {**slot(0), "json_schema": home.schema()}
            theirs.append(server.ask(in_json(number)[0], LONGEST, schema).seconds)
            bench.say(
                f"compact {number} of {bench.rounds}: {seconds:.3f} s, {asked.answer}; "
                f"llama-server {theirs[-1]:.3f}"
            )
    return [
        bench.ratio(
            "compact_call_over_llama_server",
            ours,
            theirs,
            "<=0.35",
            unit="s",
            beside="llama-server, the call in JSON by its schema, warm cache",
            note=f"the same devices, one call on both sides; {median(tokens):.0f} tokens with the "
            "one that ends it",
        )
    ]


def compact_command(bench: Bench) -> Command:
    """What the daemon asks the model, bound to one call and a `;` in place of its end: without
    that, a random model would mostly say that there is nothing to do.
    """
    devices = home.as_home()

    def command(number: int) -> tuple[tuple[int, ...], AnswerGrammar]:
        text = home.question(number).content
        request = Request(f"bench-{number}", text, "en", math.inf, "voice", Priority.VOICE)
        wanted = prompt.tool_call(request, devices)
        messages = [Message(Role(each.role), each.content) for each in wanted.messages]
        assert wanted.grammar is not None
        first, *rules = wanted.grammar.text.splitlines()
        assert first.startswith("start:") and wanted.grammar.kind is GrammarKind.LARK
        one = "\n".join(['start: call ";"', *rules])
        return bench.model.prompt(messages), AnswerGrammar(GrammarKind.LARK, one)

    return command


def json_command(bench: Bench) -> Command:
    """The prompt with the question of this number, and the JSON Schema of its answer."""
    grammar = AnswerGrammar(GrammarKind.JSON_SCHEMA, home.text_schema())
    return lambda number: (bench.model.prompt([home.head(), home.question(number)]), grammar)


def ask(
    bench: Bench, engine: Engine, tokens: tuple[int, ...], grammar: AnswerGrammar
) -> tuple[Asked, float]:
    """A command's answer, and its seconds with those of compiling the grammar."""
    constraint = bench.model.constraints
    begun = Asked().began
    compiled = constraint.compile(grammar)
    (asked,) = engine.ask(Wanted(tokens, VOICE, max_tokens=LONGEST, constraint=compiled))
    return asked, asked.ended - begun


def _warm(bench: Bench, engine: Engine, command: Command) -> Speed:
    """Compute the head; how fast that was, and how fast tokens are decoded behind it."""
    tokens, grammar = command(0)
    (read,) = engine.ask(Wanted(tokens, VOICE, max_tokens=1))
    (said,) = engine.ask(Wanted(tokens, VOICE, max_tokens=24, lookup=False))
    speed = Speed(said.counts.batches / said.seconds, read.counts.computed / read.seconds)
    ask(bench, engine, tokens, grammar)
    bench.say(f"{len(tokens)} tokens of prompt; {speed.decode:.2f}, {speed.prefill:.1f} tok/s")
    return speed


def _check(*answers: str) -> None:
    """Each must be one of the calls. Raises AssertionError."""
    for text in answers:
        assert json.loads(text)["name"] in home.CALLS, f"no call: {text}"


def _over_bound(bench: Bench, samples: list[_Sample], speed: Speed) -> Row:
    literal = [
        s.seconds / (s.counts.sampled / speed.decode + s.counts.forced / speed.prefill)
        for s in samples
    ]
    note = (
        f"{median([s.seconds for s in samples]):.3f} s, bound "
        f"{median([s.bound for s in samples]):.3f} s: {_tokens(samples)} at {speed.decode:.2f} and "
        f"{speed.prefill:.1f} tok/s, and the question's own; over the answer's alone "
        f"{median(literal):.3f}"
    )
    value = median([s.seconds / s.bound for s in samples])
    return bench.row("tool_call_over_bound", round(value, 4), "<=1.15", note)


def _over_server(bench: Bench, samples: list[_Sample]) -> Row:
    bare = median([s.bare.seconds for s in samples])
    decoded, fewer = (
        median([peer.tokens for peer in answers])
        for answers in ([s.peer for s in samples], [s.bare for s in samples])
    )
    ours = [s.seconds for s in samples]
    note = (
        f"10 calls, 40 devices; {_tokens(samples)}; {median(ours) / bare:.3f} of llama-server's "
        f"{bare:.3f} s when a GBNF without white space binds it to {fewer:.0f} tokens"
    )
    return bench.ratio(
        "tool_call_over_llama_server",
        ours,
        [s.peer.seconds for s in samples],
        "",
        unit="s",
        beside=f"llama-server, the same JSON schema, warm cache, {decoded:.0f} tokens decoded",
        note=note,
    )


def _tokens(samples: list[_Sample]) -> str:
    free = median([s.counts.sampled for s in samples])
    forced = median([s.counts.forced for s in samples])
    return f"{free:.0f} tokens chosen, {forced:.0f} forced"
