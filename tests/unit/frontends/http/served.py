"""The HTTP frontend for the length of a test, on a port of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from laresd.backends.clock import SystemClock
from laresd.config import Http
from laresd.frontends.http import HttpFrontend, Limits, ModelCard
from laresd.frontends.http.audio import Audio, Listening
from laresd.frontends.http.services import Knowledge
from laresd.jobs import JobKind, Reach, Routing
from laresd.ports import Clock, Embedder, LanguageModel, Librarian
from laresd.types import Json
from tests.fakes.embedder import FakeEmbedder

CARDS = (
    ModelCard("smollm2", routing=Routing(Reach.DEVICE)),
    ModelCard("house-style", adapter="house_style"),
    ModelCard("tower/big", owned_by="tower", routing=Routing(hosts=frozenset({"tower"}))),
    ModelCard("minilm", kind=JobKind.EMBED),
)


@asynccontextmanager
async def serving(
    model: LanguageModel | None,
    *,
    embedder: Embedder | None = None,
    clock: Clock | None = None,
    limits: Limits | None = None,
    token_file: Path | None = None,
    ready: str = "",
    cards: Sequence[ModelCard] = CARDS,
    audio: Audio | None = None,
    listening: Listening | None = None,
    librarian: Librarian | None = None,
) -> AsyncIterator[str]:
    """Its address, `http://127.0.0.1:PORT`."""
    frontend = HttpFrontend(
        Http(port=0, token_file=token_file, requests_per_minute=0),
        model,
        embedder or FakeEmbedder(),
        clock or SystemClock(),
        models=lambda: cards,
        metrics=lambda: "# TYPE lares_up gauge\nlares_up 1\n",
        ready=lambda: ready,
        audio=audio,
        listening=listening,
        knowledge=Knowledge(librarian, "en") if librarian is not None else None,
        limits=limits or Limits(requests_per_minute=0),
    )
    async with frontend, asyncio.TaskGroup() as group:
        run = group.create_task(frontend.run())
        try:
            yield f"http://127.0.0.1:{frontend.port}"
        finally:
            run.cancel()


@asynccontextmanager
async def asking(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=address, timeout=60.0, trust_env=False) as client:
        yield client


def error_of(response: httpx.Response) -> dict[str, Json]:
    """The error in OpenAI's form."""
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return dict(error)


def events_of(text: str) -> list[Json]:
    """Of a stream: each event, but not the comments and the end."""
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]
