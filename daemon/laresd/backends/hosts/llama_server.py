"""llama-server of llama.cpp (tools/server/README.md there): the engine that is known best.

Where it has the local model's GGUF it is given the prompt as tokens, and gives tokens: an answer
moves there and back exactly. Its other ways in are the OpenAI API, and plain text with the chat's
template applied by itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from laresd.backends.hosts import reading, wire
from laresd.backends.hosts.http import HttpClient
from laresd.backends.hosts.openai import OpenAi, nothing_left
from laresd.backends.hosts.tokens import Start, TokenReader
from laresd.errors import Temporary
from laresd.generation import Generation, GrammarKind, Piece
from laresd.jobs import HostFacts, HostKind, JobKind
from laresd.types import Json

LEAST_TEMPERATURE = 1e-3  # below it only the likeliest token is left in any case
_GREEDY: Mapping[str, Json] = {"temperature": 0.0, "samplers": ["top_k"], "top_k": 1}
_MOST_BYTES = 4  # of a character
_CUT = "\ufffd"  # stands for bytes that are no character yet


@dataclass(frozen=True, slots=True)
class LocalModelFacts:
    """What tells a GGUF from another, as llama-server counts: bytes of all tensors (not of the
    file), numbers in them, and tokens of the vocabulary.
    """

    tensor_bytes: int
    parameters: int
    vocabulary: int


class LlamaServer(OpenAi):
    kind = HostKind.LLAMA_SERVER
    grammars = frozenset({GrammarKind.GBNF, GrammarKind.JSON_SCHEMA})
    resumes = True

    def __init__(self, http: HttpClient, local: LocalModelFacts | None) -> None:
        super().__init__(http)
        self._local = local

    async def probe(self, model: str, *, deadline: float) -> HostFacts:
        await self.healthy(deadline)
        rows = await self.models(deadline)
        names = [reading.text(row.get("id")) for row in rows]
        name = self.choose(model, names)
        meta = reading.an_object(reading.find(rows, "id", name).get("meta"))
        props = reading.an_object(await self._optional("/props", deadline))
        settings = reading.an_object(props.get("default_generation_settings"))
        abilities = reading.an_object(props.get("chat_template_caps"))
        slots = reading.objects(await self._optional("/slots", deadline))
        figures = await self.figures(deadline)
        busy = sum(slot.get("is_processing") is True for slot in slots)
        return HostFacts(
            self.kind,
            frozenset(await self.embedding(name, deadline) or {JobKind.TEXT}),
            models=tuple(names),
            model=name,
            identity=_identity(meta, props),
            same_model=self._is_local(meta),
            slots=reading.count(props.get("total_slots")) or len(slots) or 1,
            running=busy or int(figures.get("llamacpp:requests_processing", 0.0)),
            waiting=int(figures.get("llamacpp:requests_deferred", 0.0)),
            context=reading.count(settings.get("n_ctx")) or reading.count(meta.get("n_ctx")),
            decode_speed=figures.get("llamacpp:predicted_tokens_seconds", 0.0),
            prefill_speed=figures.get("llamacpp:prompt_tokens_seconds", 0.0),
            grammars=frozenset(map(str, self.grammars)),
            tools=abilities.get("supports_tools") is True,
            resumes=True,
        )

    async def answer(
        self, facts: HostFacts, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        self.check(generation)
        exact = facts.same_model and bool(generation.ids)
        if not wire.tokens_left(generation):
            held = (await self._start(facts, generation, deadline)).held if exact else ""
            yield nothing_left(generation, held)
            return
        chat = generation.messages and not generation.said and not exact
        if generation.tools or chat:  # its parser of calls is only there
            answer = super().answer(facts, generation, deadline=deadline)
        else:
            answer = self._complete(facts, generation, deadline)
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                yield piece

    def continued(self, body: dict[str, Json], generation: Generation) -> None:
        """Some versions repeat what was said, whatever they are told; `echo` takes it off."""
        said: Json = {"role": "assistant", "content": generation.said.text}
        body["messages"] = [*wire.wire_messages(generation.messages), said]
        body["echo"] = True

    def echo(self, generation: Generation) -> str:
        return generation.said.text

    def with_grammar(self, body: dict[str, Json], generation: Generation) -> None:
        grammar = generation.grammar
        if grammar is not None and grammar.kind is GrammarKind.GBNF:
            body["grammar"] = grammar.text
        elif grammar is not None:
            body["json_schema"] = wire.schema_of(grammar)

    def extend(self, body: dict[str, Json], generation: Generation) -> None:
        body |= _sampling(generation)
        body["timings_per_token"] = True
        body["chat_template_kwargs"] = {"enable_thinking": False}
        body.pop("stop", None)  # at the limit of tokens it would keep what it held back for one

    async def _complete(
        self, facts: HostFacts, generation: Generation, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        start = await self._start(facts, generation, deadline)
        body: dict[str, Json] = {
            "prompt": start.prompt,
            "n_predict": wire.tokens_left(generation) + len(start.again),
            "stream": True,
            "return_tokens": True,
            "cache_prompt": True,
            "timings_per_token": True,
            **_sampling(generation),
        }
        self.with_grammar(body, generation)
        reader = TokenReader(self._http.host, generation, start)
        try:
            stream = self._http.events("/completion", body, deadline=deadline)
            async with aclosing(stream) as events:
                async for event in events:
                    self.raise_error(event)
                    part = reader.read(event)
                    if part is not None:
                        wanted = reader.wants(part)
                        found = await self._tokens_of(part.text, deadline) if wanted else ()
                        piece = reader.take(part, found)
                        if piece is not None:
                            yield piece
                    if reader.over:
                        break
        except Temporary:
            if not reader.complete:  # else it is all there, but for what it cost
                raise
        yield reader.end()

    async def _start(self, facts: HostFacts, generation: Generation, deadline: float) -> Start:
        said = generation.said
        if facts.same_model and generation.ids:
            await self._confirm(facts, deadline)
            if not said:
                return Start([*generation.ids], known=True)
            kept, text = await self._text_of(said.tokens, deadline)
            if said.tokens and text.startswith(said.text):
                prompt: Json = [*generation.ids, *kept]
                return Start(prompt, True, text[len(said.text) :], said.tokens[len(kept) :])
            return Start([*generation.ids, said.text])
        if not generation.messages:
            return Start(generation.prompt + said.text)
        body: dict[str, Json] = {
            "messages": wire.wire_messages(generation.messages),
            "chat_template_kwargs": {"enable_thinking": False},
        }
        told = await self._ask("/apply-template", body, deadline)
        return Start(reading.text(told.get("prompt")) + said.text)

    async def _confirm(self, facts: HostFacts, deadline: float) -> None:
        """Tokens mean something else to another model. Raises Temporary where it has one now."""
        row = reading.find(await self.models(deadline), "id", facts.model)
        if not self._is_local(reading.an_object(row.get("meta"))):
            raise Temporary(f"the host {self._http.host} has another model than before")

    async def _text_of(
        self, tokens: tuple[int, ...], deadline: float
    ) -> tuple[tuple[int, ...], str]:
        """The tokens but for those of a character that is not whole, and their text."""
        for cut in range(min(_MOST_BYTES, len(tokens))):
            kept = tokens[: len(tokens) - cut]
            told = await self._ask("/detokenize", {"tokens": [*kept]}, deadline)
            text = reading.text(told.get("content"))
            if not text.endswith(_CUT):
                return kept, text
        return (), ""

    async def _tokens_of(self, text: str, deadline: float) -> tuple[int, ...]:
        body: dict[str, Json] = {"content": text, "add_special": False, "parse_special": False}
        return reading.tokens((await self._ask("/tokenize", body, deadline)).get("tokens"))

    async def _ask(
        self, path: str, body: Mapping[str, Json], deadline: float
    ) -> Mapping[str, Json]:
        answer = await self._http.post(path, body, deadline=deadline)
        return reading.an_object(self._http.json(answer))

    async def _optional(self, path: str, deadline: float) -> Json:
        """What may be switched off; None then."""
        answer = await self._http.get(path, deadline=deadline)
        return self._http.json(answer) if answer.ok else None

    def _is_local(self, meta: Mapping[str, Json]) -> bool:
        told = [reading.count(meta.get(key)) for key in ("size", "n_params", "n_vocab")]
        return self._local is not None and LocalModelFacts(*told) == self._local


def _identity(meta: Mapping[str, Json], props: Mapping[str, Json]) -> str:
    """By what is counted in it, and by its file: two models may be alike in all their sizes."""
    counted = [str(reading.count(meta.get(key))) for key in ("size", "n_params", "n_vocab")]
    return " ".join([*counted, reading.text(props.get("model_path"))]).strip()


def _sampling(generation: Generation) -> dict[str, Json]:
    """As the local engine samples: nothing but the temperature, without unlikely tokens."""
    if generation.temperature < LEAST_TEMPERATURE:
        return dict(_GREEDY)
    return {
        "temperature": generation.temperature,
        "samplers": ["min_p", "temperature"],
        "min_p": 0.05,
        "seed": generation.seed,
    }
