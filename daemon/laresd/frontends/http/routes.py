"""Which handler answers what. The web console adds its own here."""

from __future__ import annotations

from collections.abc import Callable

from laresd.frontends.http.bodies import read_chat, read_completion, read_simple
from laresd.frontends.http.embeddings import EmbeddingsHandler
from laresd.frontends.http.forms import ChatForm, CompletionForm, SimpleForm
from laresd.frontends.http.knowledge import KnowledgeHandlers
from laresd.frontends.http.services import Services
from laresd.frontends.http.speech import AUDIO_BYTES, AudioHandlers
from laresd.frontends.http.status import StatusHandlers
from laresd.frontends.http.text import TextHandler
from laresd.frontends.http.wire import Route


def routes(services: Services, traffic: Callable[[], str]) -> tuple[Route, ...]:
    status, audio = StatusHandlers(services, traffic), AudioHandlers(services)
    knowledge = KnowledgeHandlers(services)
    return (
        Route("GET", "/v1/models", status.models),
        Route("GET", "/v1/models/{model:.+}", status.model),
        Route(
            "POST",
            "/v1/chat/completions",
            TextHandler(services, read_chat, ChatForm, "chatcmpl"),
        ),
        Route(
            "POST",
            "/v1/completions",
            TextHandler(services, read_completion, CompletionForm, "cmpl"),
        ),
        Route("POST", "/v1/embeddings", EmbeddingsHandler(services)),
        Route("POST", "/v1/audio/transcriptions", audio.transcribe, body_bytes=AUDIO_BYTES),
        Route("POST", "/v1/audio/translations", audio.translate, body_bytes=AUDIO_BYTES),
        Route("POST", "/v1/audio/speech", audio.speak),
        Route("POST", "/lares/v1/listen", audio.listen),
        Route("POST", "/lares/v1/kb/search", knowledge.search),
        Route("POST", "/lares/v1/kb/ask", knowledge.ask),
        Route("POST", "/lares/v1/kb/summary", knowledge.summary),
        Route("POST", "/generate", TextHandler(services, read_simple, lambda head: SimpleForm())),
        Route("GET", "/healthz", status.alive, free=True),
        Route("GET", "/readyz", status.ready),
        Route("GET", "/metrics", status.metrics),
        Route("GET", "/openapi.json", status.description),
    )
