"""A host of any kind, from its settings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from laresd.backends.hosts.audio import OpenAiSynthesizer, OpenAiTranscriber
from laresd.backends.hosts.host import Beside, HttpHost
from laresd.backends.hosts.http import Address, HttpClient
from laresd.backends.hosts.images import OpenAiPainter
from laresd.backends.hosts.llama_server import LocalModelFacts
from laresd.backends.hosts.wake import Waker, costs
from laresd.backends.hosts.wyoming import WyomingHost
from laresd.config import HostSettings
from laresd.jobs import HostKind
from laresd.ports import Host


def host_of(
    settings: HostSettings, name: str, *, local: Callable[[], LocalModelFacts | None]
) -> AbstractAsyncContextManager[Host]:
    """To be entered. `local`: what the box's own model is known by, asked at each probe. Raises
    ConfigError or Permanent for settings that cannot be.
    """
    if settings.kind == "wyoming":
        return WyomingHost(name, settings)
    http = HttpClient(Address(name, settings.url, settings.token_file, settings.fingerprint))
    return HttpHost(
        http,
        kind=None if settings.kind == "auto" else HostKind(settings.kind),
        model=settings.model,
        costs=costs(settings),
        local=local,
        beside=Beside(
            OpenAiTranscriber(http),
            OpenAiSynthesizer(http),
            OpenAiPainter(http),
            Waker(name, settings) if settings.mac or settings.rest_command else None,
            by_models=True,
        ),
    )
