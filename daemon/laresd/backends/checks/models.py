"""The models that laresd would load: there, whole by their first bytes, and small enough."""

from __future__ import annotations

from laresd.backends.checks.finding import Finding, fail, ok, warn
from laresd.backends.modelstore import formats
from laresd.backends.modelstore.catalogue import ModelKind
from laresd.backends.modelstore.memory import Fit, Memory, fit
from laresd.backends.modelstore.store import OWN_NAME, ModelStore
from laresd.config import Config
from laresd.errors import LaresError

VOICE = ModelKind.TEXT_TO_SPEECH


def used(config: Config, store: ModelStore, memory: Memory | None) -> list[Finding]:
    wanted = {ModelKind.SPEECH_TO_TEXT: config.speech_to_text.model}
    if config.llm.enabled:
        wanted[ModelKind.LLM] = config.llm.model
    if store.effective(VOICE, config.speech.model) != OWN_NAME[VOICE]:
        wanted[VOICE] = config.speech.model
    return [
        finding
        for kind, configured in wanted.items()
        for finding in _one(kind, store.effective(kind, configured), store, memory)
    ]


def _one(kind: ModelKind, name: str, store: ModelStore, memory: Memory | None) -> list[Finding]:
    try:
        size = formats.check(kind, store.resolve(kind, name))
    except LaresError as error:
        return [fail("models", f"{kind}: {error.message}", error.remedy)]
    found = ok("models", f"{kind}: {name}, {size / 1e6:.0f} MB")
    if memory is None:
        return [found]
    verdict, numbers = fit(kind, size, memory)
    if verdict is Fit.FITS:
        return [found]
    remedy = "use a smaller model: lares models list"
    said = f"{name} is {verdict}: {numbers}"
    too_big = verdict is Fit.TOO_BIG
    return [found, fail("memory", said, remedy) if too_big else warn("memory", said, remedy)]
