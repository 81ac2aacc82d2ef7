"""How each engine's worker is started for a configuration."""

from __future__ import annotations

from pathlib import Path

import laresd
from laresd.backends.workers.process import Spec, engine_command
from laresd.config import Llm, Speech, SpeechToText, Wake

BUNDLED_SPEECH = Path(laresd.__file__).parent / "bundled" / "speech-en"

MODEL_AT_ONCE = 24  # requests that the language model's own scheduling sees; above the rest waits

# A decode is hundreds of steps of microseconds: threads that sleep between them decode SmolLM2 at a
# third of the speed. Some 10 microseconds of spinning cost little where cores are shared.
BRIEFLY_SPINNING = {"GOMP_SPINCOUNT": "1000"}

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def speech_to_text(settings: SpeechToText, folder: Path = BUNDLED_SPEECH) -> Spec:
    """`folder`: of the CTranslate2 model that the settings name."""
    return Spec(
        name="speech to text",
        command=engine_command("whisper"),
        options={
            "model": str(folder),
            "threads": settings.threads,
            "beam_size": settings.beam_size,
        },
        stall_s=settings.timeout_s,
        grace_s=settings.timeout_s,
    )


def listening(settings: Wake) -> Spec:
    return Spec(
        name="listening",
        command=engine_command("listen"),
        options={"words": list(settings.words), "threshold": settings.threshold},
        environment=_ONE_THREAD,
        load_timeout_s=30.0,
        stall_s=3.0,
        grace_s=3.0,
        max_queue=64,
    )


def speech(settings: Speech) -> Spec:
    return Spec(
        name="speech",
        command=engine_command("speech"),
        options={"voice": settings.voice, "words_per_minute": settings.words_per_minute},
        environment=_ONE_THREAD,
        load_timeout_s=30.0,
        stall_s=20.0,
        grace_s=5.0,
    )


def language_model(
    settings: Llm,
    model: str = "embedded",
    heads: Path | None = None,
    calibrations: Path | None = None,
) -> Spec:
    """`model`: "embedded" or the path of the GGUF file that the settings name. `heads`: the folder
    that keeps the computed beginnings of prompts; None: they are not kept. `calibrations`: what
    `lares bench llm --calibrate` found.
    """
    return Spec(
        name="the language model",
        command=engine_command("llm"),
        options={
            "model": model,
            "context": settings.context,
            "threads": settings.threads,
            "heads": str(heads) if heads else "",
            "heads_bytes": settings.kept_heads_mb * 1_000_000,
            "calibrations": str(calibrations) if calibrations else "",
            "adapters": {name: str(file) for name, file in settings.adapters.items()},
            "nice": 5,
        },
        environment=BRIEFLY_SPINNING,
        load_timeout_s=180.0,
        stall_s=15.0,
        grace_s=5.0,
        max_queue=MODEL_AT_ONCE,
        at_once=MODEL_AT_ONCE,
    )


def embedding_model(model: str, threads: int = 0) -> Spec:
    """`model`: "embedded", whose mean is a poor one, or the path of a GGUF embedding model."""
    return Spec(
        name="the embedding model",
        command=engine_command("llm"),
        options={"model": model, "embeddings": True, "threads": threads, "nice": 10},
        load_timeout_s=180.0,
        stall_s=30.0,
        grace_s=10.0,
    )


def grammar(language: str, timeout_s: float) -> Spec:
    """A match that is not cut by the engine itself ends its worker at the deadline."""
    return Spec(
        name="the sentence grammar",
        command=engine_command("grammar"),
        options={"language": language, "limit_s": timeout_s * 0.8},
        environment=_ONE_THREAD,
        stall_s=30.0,
        grace_s=0.0,
    )
