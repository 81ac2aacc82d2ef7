"""Ollama (github.com/ollama/ollama, docs/api.md and the page on OpenAI compatibility)."""

from __future__ import annotations

from collections.abc import Mapping

from laresd.backends.hosts import reading, wire
from laresd.backends.hosts.openai import OpenAi
from laresd.errors import Permanent
from laresd.generation import Generation, GrammarKind
from laresd.jobs import HostFacts, HostKind, JobKind
from laresd.types import Json

UNLOADED_CONTEXT = 4096  # tokens that a model has by default; it cuts longer prompts in silence
_JOBS = {"completion": JobKind.TEXT, "embedding": JobKind.EMBED}


class Ollama(OpenAi):
    """Its models that run elsewhere ("cloud") count as absent: a host is a machine of the LAN."""

    kind = HostKind.OLLAMA
    grammars = frozenset({GrammarKind.JSON_SCHEMA})

    _thinks = False

    async def probe(self, model: str, *, deadline: float) -> HostFacts:
        rows = [row for row in await self._rows("/api/tags", deadline) if _is_here(row)]
        names = [reading.text(row.get("name")) for row in rows]
        name = self.choose(model if model in names or not model else f"{model}:latest", names)
        loaded = reading.find(await self._rows("/api/ps", deadline), "name", name)
        abilities = await self._abilities(name, deadline)
        self._thinks = "thinking" in abilities
        return HostFacts(
            self.kind,
            frozenset(job for word, job in _JOBS.items() if word in abilities),
            models=tuple(names),
            model=name,
            identity=reading.text(reading.find(rows, "name", name).get("digest")),
            context=reading.count(loaded.get("context_length")) or UNLOADED_CONTEXT,
            grammars=frozenset(map(str, self.grammars)),
            tools="tools" in abilities,
        )

    def check(self, generation: Generation) -> None:
        super().check(generation)
        if not generation.messages:  # it would put the text into the template of a chat
            raise Permanent(f"the host {self._http.host} answers messages, not plain text")

    def with_grammar(self, body: dict[str, Json], generation: Generation) -> None:
        if generation.grammar is not None:
            body["response_format"] = wire.schema_format(generation.grammar)

    def extend(self, body: dict[str, Json], generation: Generation) -> None:
        if self._thinks:
            body["reasoning_effort"] = "none"

    async def _rows(self, path: str, deadline: float) -> list[Mapping[str, Json]]:
        answer = await self._http.get(path, deadline=deadline)
        rows = reading.objects(reading.an_object(self._http.json(answer)).get("models"))
        return [row for row in rows if reading.text(row.get("name"))]

    async def _abilities(self, model: str, deadline: float) -> frozenset[str]:
        """Its words for them. Versions that do not tell have models that complete text."""
        answer = await self._http.post("/api/show", {"model": model}, deadline=deadline)
        told = reading.an_object(self._http.json(answer)).get("capabilities")
        return frozenset(map(reading.text, reading.a_list(told))) or frozenset({"completion"})


def _is_here(row: Mapping[str, Json]) -> bool:
    return not row.get("remote_host") and not row.get("remote_model")
