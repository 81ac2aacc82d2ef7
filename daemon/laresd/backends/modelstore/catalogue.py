"""The models that `lares models pull` knows by name.

No checksum stands here: the hub names it and the bytes are checked against it. Sizes are hints
for the list; what counts is what the hub says.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum

from laresd.errors import Permanent


class ModelKind(StrEnum):
    LLM = "llm"
    SPEECH_TO_TEXT = "speech-to-text"
    TEXT_TO_SPEECH = "text-to-speech"


@dataclass(frozen=True, slots=True)
class Model:
    """One model on the hub. `files`: all that it needs, the one that is loaded first."""

    name: str
    kind: ModelKind
    repo: str
    files: tuple[str, ...]
    size_mb: int  # about; 0: not known
    licence: str
    why: str
    revision: str = "main"


VOICES = "rhasspy/piper-voices"
_VOICE = re.compile(
    r"(?P<language>[a-z]{2,3})_(?P<region>[A-Z]{2})-(?P<name>[A-Za-z0-9_]+)-"
    r"(?P<quality>x_low|low|medium|high)"
)


def voice(name: str, why: str = "named by you", *, size_mb: int = 0) -> Model | None:
    """A Piper voice by its full name, such as en_US-amy-low; None for what is no such name.

    The hub keeps each in a folder for its language, region, speaker and quality.
    """
    match = _VOICE.fullmatch(name)
    if match is None:
        return None
    language, region, speaker, quality = match.groups()
    file = f"{language}/{language}_{region}/{speaker}/{quality}/{name}.onnx"
    return Model(
        name=name,
        kind=ModelKind.TEXT_TO_SPEECH,
        repo=VOICES,
        files=(file, f"{file}.json"),
        size_mb=size_mb,
        licence="see its MODEL_CARD on the hub",
        why=why,
    )


_WHISPER = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")

CATALOGUE: tuple[Model, ...] = (
    Model(
        name="Ministral-3-3B-Instruct",
        kind=ModelKind.LLM,
        repo="mistralai/Ministral-3-3B-Instruct-2512-GGUF",
        files=("Ministral-3-3B-Instruct-2512-Q4_K_M.gguf",),
        size_mb=2150,
        licence="Apache-2.0",
        why="the default: good at commands, eleven languages, for boards with 8 GB",
    ),
    Model(
        name="Qwen3.5-4B",
        kind=ModelKind.LLM,
        repo="unsloth/Qwen3.5-4B-GGUF",
        files=("Qwen3.5-4B-Q4_K_M.gguf",),
        size_mb=2740,
        licence="Apache-2.0",
        why="larger than the default; for those who speak Chinese",
    ),
    Model(
        name="Llama-3.2-3B",
        kind=ModelKind.LLM,
        repo="bartowski/Llama-3.2-3B-Instruct-GGUF",
        files=("Llama-3.2-3B-Instruct-Q4_K_M.gguf",),
        size_mb=2020,
        licence="Llama 3.2 Community",
        why="the one that published measurements of boards use",
    ),
    Model(
        name="whisper-base",
        kind=ModelKind.SPEECH_TO_TEXT,
        repo="Systran/faster-whisper-base",
        files=_WHISPER,
        size_mb=145,
        licence="MIT",
        why="the ear for a board: 99 languages",
    ),
    Model(
        name="whisper-small",
        kind=ModelKind.SPEECH_TO_TEXT,
        repo="Systran/faster-whisper-small",
        files=_WHISPER,
        size_mb=485,
        licence="MIT",
        why="hears better than base, and slower",
    ),
    *(
        known
        for name, why in (
            ("en_US-ljspeech-medium", "an American English voice"),
            ("en_GB-alba-medium", "a British English voice"),
            ("de_DE-thorsten-medium", "a German voice"),
            ("zh_CN-huayan-medium", "a Chinese voice"),
        )
        if (known := voice(name, why, size_mb=63))
    ),
)

DEFAULT = {ModelKind.LLM: "Ministral-3-3B-Instruct", ModelKind.SPEECH_TO_TEXT: "whisper-base"}


def find(name: str) -> Model:
    """The model of that name, or of `hf:owner/repo/file.gguf` (any case for names), or any Piper
    voice by its full name.

    Raises Permanent, with the likely name where there is one.
    """
    if name.startswith("hf:"):
        return _from_address(name)
    for model in CATALOGUE:
        if model.name.casefold() == name.casefold():
            return model
    if (other := voice(name)) is not None:
        return other
    names = [model.name for model in CATALOGUE]
    folded = {known.casefold(): known for known in names}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.4)
    remedy = f"did you mean {folded[close[0]]}?" if close else "known: " + ", ".join(names)
    raise Permanent(f"there is no model {name!r}", remedy=remedy)


def _from_address(address: str) -> Model:
    owner, _, rest = address.removeprefix("hf:").partition("/")
    repo, _, file = rest.partition("/")
    parts = [owner, repo, *file.split("/")]
    if any(part in ("", ".", "..") for part in parts) or not file.endswith(".gguf"):
        raise Permanent(
            f"{address!r} is no address of a model file",
            remedy="write hf:owner/repository/file.gguf",
        )
    return Model(
        name=address,
        kind=ModelKind.LLM,
        repo=f"{owner}/{repo}",
        files=(file,),
        size_mb=0,
        licence="see its page on the hub",
        why="named by you",
    )
