"""How each engine's worker is started for a configuration."""

from __future__ import annotations

import platform
from pathlib import Path

import laresd
from laresd.backends.workers.process import Spec, engine_command
from laresd.config import Llm, Speech, SpeechToText, Wake

BUNDLED_SPEECH = Path(laresd.__file__).parent / "bundled" / "speech-en"

MODEL_AT_ONCE = 24  # requests that the language model's own scheduling sees; above the rest waits

_TURNS = {"x86_64": "2000", "aarch64": "80000"}  # of a tenth of a millisecond


def llama_environment(machine: str) -> dict[str, str]:
    """Of a process that computes with llama.cpp on a CPU of this kind (as `platform.machine`).

    A decode is hundreds of steps that all threads wait for: those that sleep at once decode SmolLM2
    at a third of the speed, those that spin for long take a shared core from others. OpenMP's limit
    is a number of turns (libgomp, config/linux/wait.h), each of them a `pause` on x86-64 and close
    to nothing on ARM. Weights in pages of 2 MB are read a tenth faster; glibc asks the kernel for
    them when it is told to.
    """
    turns = {"GOMP_SPINCOUNT": _TURNS[machine]} if machine in _TURNS else {}
    return {**turns, "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


LLAMA_ENVIRONMENT = llama_environment(platform.machine())

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def speech_checks(state_dir: Path) -> Path:
    """Where it is kept what checks of speech models have found."""
    return state_dir / "speech-checks"


def speech_to_text(
    settings: SpeechToText, folder: Path = BUNDLED_SPEECH, checks: Path | None = None
) -> Spec:
    """`folder`: of the CTranslate2 model that the settings name. `checks`: see `speech_checks`;
    without it a model is not checked, and read as OpenAI's models want it.
    """
    return Spec(
        name="speech to text",
        command=engine_command("whisper"),
        options={
            "model": str(folder),
            "threads": settings.threads,
            "beam_size": settings.beam_size,
            "checks": str(checks) if checks else "",
        },
        stall_s=settings.timeout_s,
        grace_s=settings.timeout_s,
    )


def listening(settings: Wake, verifiers: Path | None = None) -> Spec:
    """`verifiers`: the folder of what `lares wake tune` made; None: no second look."""
    return Spec(
        name="listening",
        command=engine_command("listen"),
        options={
            "words": list(settings.words),
            "threshold": settings.threshold,
            "verifiers": str(verifiers) if verifiers else "",
        },
        environment=_ONE_THREAD,
        load_timeout_s=30.0,
        stall_s=3.0,
        grace_s=3.0,
        max_queue=64,
    )


def speech(settings: Speech, model: str = "") -> Spec:
    """`model`: the path of the Piper voice that the settings name; "": espeak-ng."""
    return Spec(
        name="speech",
        command=engine_command("speech"),
        options={
            "model": model,
            "speaker": settings.speaker,
            "threads": settings.threads,
            "voice": settings.voice,
            "words_per_minute": settings.words_per_minute,
        },
        environment=_ONE_THREAD,
        load_timeout_s=60.0,
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
        environment=LLAMA_ENVIRONMENT,
        load_timeout_s=180.0,
        stall_s=15.0,
        grace_s=5.0,
        max_queue=MODEL_AT_ONCE,
        at_once=MODEL_AT_ONCE,
    )


def embedding_model(model: str, kept: Path, threads: int = 0) -> Spec:
    """`model`: a GGUF embedding model; "embedded", the small language model, whose mean is a poor
    one; "minilm", which is there; or the folder of another encoder. `kept`: of built graphs.
    """
    if model == "embedded" or model.endswith(".gguf"):
        return Spec(
            name="the embedding model",
            command=engine_command("llm"),
            options={"model": model, "embeddings": True, "threads": threads, "nice": 10},
            environment=LLAMA_ENVIRONMENT,
            load_timeout_s=180.0,
            stall_s=30.0,
            grace_s=10.0,
            on_demand=True,
        )
    return Spec(
        name="the embedding model",
        command=engine_command("embed"),
        options={"model": model, "kept": str(kept), "threads": threads, "nice": 10},
        environment=_ONE_THREAD,
        load_timeout_s=180.0,
        stall_s=30.0,
        grace_s=10.0,
        on_demand=True,
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


def documents(*, memory_mb: int = 1024, file_mb: int = 200) -> Spec:
    """What reads files that nobody vouches for. `memory_mb`: of the process of one file; this one
    stays, says every second that it is at work, and ends what does not get on.
    """
    return Spec(
        name="reading documents",
        command=engine_command("extract"),
        options={"memory_mb": memory_mb, "file_mb": file_mb, "nice": 15},
        environment={**_ONE_THREAD, "OMP_THREAD_LIMIT": "1"},
        load_timeout_s=60.0,
        stall_s=120.0,
        grace_s=5.0,
    )
