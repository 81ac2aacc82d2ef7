"""Which engine a host runs, where nobody said it: each tells itself apart in its list of models."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Protocol

from laresd.backends.hosts import reading
from laresd.backends.hosts.http import HttpClient
from laresd.backends.hosts.llama_server import LlamaServer, LocalModelFacts
from laresd.backends.hosts.ollama import Ollama
from laresd.backends.hosts.openai import MODELS, OpenAi
from laresd.backends.hosts.vllm import Vllm
from laresd.errors import Permanent
from laresd.generation import Generation, Piece
from laresd.jobs import HostFacts, HostKind
from laresd.types import Json, Vectors

_OWNERS = {
    "llamacpp": HostKind.LLAMA_SERVER,
    "vllm": HostKind.VLLM,
    "library": HostKind.OLLAMA,
}


class Engine(Protocol):
    """What an engine is asked for; errors are those of port Host."""

    async def probe(self, model: str, *, deadline: float) -> HostFacts:
        """The facts of the model that is wanted ("": the first), without the round trip."""
        ...

    def answer(
        self, facts: HostFacts, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]: ...

    async def embed(
        self, facts: HostFacts, texts: Sequence[str], *, deadline: float
    ) -> Vectors: ...


def engine_of(kind: HostKind, http: HttpClient, local: LocalModelFacts | None) -> Engine:
    """Raises Permanent for a kind that is not spoken to by HTTP."""
    if kind is HostKind.LLAMA_SERVER:
        return LlamaServer(http, local)
    engines: dict[HostKind, Callable[[HttpClient], Engine]] = {
        HostKind.VLLM: Vllm,
        HostKind.OLLAMA: Ollama,
        HostKind.OPENAI: OpenAi,
    }
    if kind not in engines:
        raise Permanent(f"the host {http.host} is of kind {kind}, which does not speak HTTP")
    return engines[kind](http)


async def kind_of(http: HttpClient, *, deadline: float) -> HostKind:
    """Raises what HttpClient raises, and Permanent where it has no list of models at all."""
    answer = await http.get(MODELS, deadline=deadline)
    if answer.status == 404 and await _is_ollama(http, deadline):  # versions without that list
        return HostKind.OLLAMA
    rows = reading.objects(reading.an_object(http.json(answer)).get("data"))
    found = {_owner(row) for row in rows} - {None}
    if len(found) == 1:
        return found.pop() or HostKind.OPENAI
    return HostKind.OLLAMA if await _is_ollama(http, deadline) else HostKind.OPENAI


def _owner(row: Mapping[str, Json]) -> HostKind | None:
    return _OWNERS.get(reading.text(row.get("owned_by")))


async def _is_ollama(http: HttpClient, deadline: float) -> bool:
    """Its list may be empty, and its models may be owned by their authors."""
    answer = await http.get("/api/version", deadline=deadline)
    if not answer.ok or answer.content_type != "application/json":
        return False
    return bool(reading.text(reading.an_object(http.json(answer)).get("version")))
