"""The engines of a configuration: which worker each is, and with which model."""

from __future__ import annotations

import logging
from pathlib import Path

from laresd.backends.modelstore.catalogue import ModelKind
from laresd.backends.modelstore.store import OWN_NAME, ModelStore
from laresd.backends.near_misses import verifiers_of
from laresd.backends.workers import specs
from laresd.backends.workers.process import Spec
from laresd.config import Config
from laresd.errors import LaresError

log = logging.getLogger(__name__)


def engines(config: Config) -> dict[str, Spec]:
    """How each engine's worker is started, by the name that the app calls it."""
    models = ModelStore(config.box.state_dir)
    ear = _model(models, ModelKind.SPEECH_TO_TEXT, config.speech_to_text.model)
    chosen = {
        "listen": specs.listening(config.wake, verifiers_of(config)),
        "transcribe": specs.speech_to_text(
            config.speech_to_text, Path(ear), specs.speech_checks(config.box.state_dir)
        ),
        "grammar": specs.grammar(config.box.language, config.actions.grammar_timeout_s),
        "speech": specs.speech(config.speech, _voice(models, config.speech.model)),
    }
    if config.llm.enabled:
        model = _model(models, ModelKind.LLM, config.llm.model)
        kept = config.box.state_dir
        chosen["llm"] = specs.language_model(
            config.llm, model, kept / "heads", kept / "calibration"
        )
    if config.embeddings.model:
        chosen["embed"] = specs.embedding_model(
            config.embeddings.model, config.box.state_dir / "embedding", config.embeddings.threads
        )
    return chosen


def _voice(models: ModelStore, configured: str) -> str:
    """The path of a Piper voice; "" for espeak-ng, which needs none."""
    kind = ModelKind.TEXT_TO_SPEECH
    own = models.effective(kind, configured) == OWN_NAME[kind]
    return "" if own else _model(models, kind, configured)


def _model(models: ModelStore, kind: ModelKind, configured: str) -> str:
    """The path of a model; its name when it is not there, for the engine to refuse by name."""
    name = models.effective(kind, configured)
    try:
        return str(models.resolve(kind, name))
    except LaresError as error:
        log.error("%s", error)
        return name
