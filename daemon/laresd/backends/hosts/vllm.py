"""vLLM: many requests at once on a GPU (docs.vllm.ai: serving, usage/metrics, features)."""

from __future__ import annotations

import re

from laresd.backends.hosts import reading, wire
from laresd.backends.hosts.openai import OpenAi
from laresd.generation import Generation, GrammarKind
from laresd.jobs import HostFacts, HostKind, JobKind
from laresd.types import Json

SIDE_BY_SIDE = 256  # requests: its default (max_num_seqs), since no endpoint tells the setting
_FIELDS = {GrammarKind.REGEX: "regex", GrammarKind.GBNF: "grammar"}
_STRUCTURED_SINCE = (0, 11)  # before, each kind of grammar had a field of its own: guided_*


class Vllm(OpenAi):
    kind = HostKind.VLLM
    grammars = frozenset({GrammarKind.JSON_SCHEMA, *_FIELDS})
    resumes = True

    _guided = False  # an older version

    async def probe(self, model: str, *, deadline: float) -> HostFacts:
        await self.healthy(deadline)
        rows = await self.models(deadline)
        names = [reading.text(row.get("id")) for row in rows]
        name = self.choose(model, names)
        row = reading.find(rows, "id", name)
        context = reading.count(row.get("max_model_len"))
        self._guided = await self._is_old(deadline)
        running, waiting = await self._queue(deadline)
        return HostFacts(
            self.kind,
            frozenset(await self.embedding(name, deadline) or {JobKind.TEXT}),
            models=tuple(names),
            model=name,
            identity=f"{reading.text(row.get('root')) or name} {context}",
            slots=max(running, 1) if waiting else SIDE_BY_SIDE,  # some wait: no more fit
            running=running,
            waiting=waiting,
            context=context,
            grammars=frozenset(map(str, self.grammars)),
            tools=True,
            resumes=True,
        )

    def continued(self, body: dict[str, Json], generation: Generation) -> None:
        said: Json = {"role": "assistant", "content": generation.said.text}
        body["messages"] = [*wire.wire_messages(generation.messages), said]
        body |= {"continue_final_message": True, "add_generation_prompt": False}

    def with_grammar(self, body: dict[str, Json], generation: Generation) -> None:
        grammar = generation.grammar
        if grammar is None:
            return
        if grammar.kind is GrammarKind.JSON_SCHEMA:
            body["response_format"] = wire.schema_format(grammar)
        elif self._guided:
            body[f"guided_{_FIELDS[grammar.kind]}"] = grammar.text
        else:
            body["structured_outputs"] = {_FIELDS[grammar.kind]: grammar.text}

    def extend(self, body: dict[str, Json], generation: Generation) -> None:
        body["repetition_penalty"] = 1.0  # a model's own settings may ask for another
        if generation.messages:
            body["chat_template_kwargs"] = {"enable_thinking": False}

    async def _is_old(self, deadline: float) -> bool:
        answer = await self._http.get("/version", deadline=deadline)
        told = reading.an_object(self._http.json(answer)) if answer.ok else reading.NOTHING
        found = re.match(r"(\d+)\.(\d+)", reading.text(told.get("version")))
        if not found or "dev" in reading.text(told.get("version")):
            return False
        return (int(found[1]), int(found[2])) < _STRUCTURED_SINCE

    async def _queue(self, deadline: float) -> tuple[int, int]:
        """Requests that run, and that wait; 0 where the metrics are switched off."""
        told = await self.figures(deadline)
        names = ("vllm:num_requests_running", "vllm:num_requests_waiting")
        running, waiting = (max(int(told.get(name, 0.0)), 0) for name in names)
        return running, waiting
