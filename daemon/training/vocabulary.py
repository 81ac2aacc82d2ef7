"""The model's own vocabulary: a few control tokens and every word that a home sentence can hold."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from training.home_sentences import home_sentence

END = "<|endoftext|>"
START = "<|startoftranscript|>"
NO_SPEECH = "<|nospeech|>"
NO_TIMESTAMPS = "<|notimestamps|>"
UNKNOWN = "<|unk|>"
# faster-whisper asks for the ids of all of these, and takes every id below that of END for text:
# so the words come first.
SPECIAL = (
    END,
    START,
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    NO_SPEECH,
    UNKNOWN,
)
_SAMPLES = 300_000


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by id: the words, the special ones, and last ``<|notimestamps|>`` (no timestamp tokens
    follow).
    """

    tokens: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "_ids", {token: number for number, token in enumerate(self.tokens)}
        )

    def id(self, token: str) -> int:
        """The id of a token; an unknown word gives the id of ``<|unk|>``."""
        ids: dict[str, int] = self._ids  # type: ignore[attr-defined]
        return ids.get(token, ids[UNKNOWN])

    def encode(self, text: str) -> list[int]:
        """The ids of a lower-case sentence."""
        return [self.id(word) for word in text.replace(",", " ").split()]

    @property
    def words(self) -> tuple[str, ...]:
        return self.tokens[: -len(SPECIAL) - 1]


def home_vocabulary() -> Vocabulary:
    """Every word of a large, fixed sample of home sentences, in alphabetical order."""
    dice = random.Random("lares vocabulary")
    words = {word for _ in range(_SAMPLES) for word in home_sentence(dice).split()}
    return Vocabulary((*sorted(words), *SPECIAL, NO_TIMESTAMPS))


def load_vocabulary(path: Path) -> Vocabulary:
    """Read the vocabulary of a run, or make it and write it to `path` the first time."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(home_vocabulary().tokens, indent=0), "utf-8")
    return Vocabulary(tuple(json.loads(path.read_text("utf-8"))))


def tokenizer_json(vocabulary: Vocabulary) -> str:
    """The vocabulary as a ``tokenizers`` file: words split at spaces, joined with spaces."""
    added = [
        {
            "id": number,
            "content": token,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number, token in enumerate(vocabulary.tokens)
        if token.startswith("<|")
    ]
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": {"type": "Lowercase"},
            "pre_tokenizer": {"type": "WhitespaceSplit"},
            "post_processor": None,
            "decoder": None,
            "model": {
                "type": "WordLevel",
                "vocab": {token: number for number, token in enumerate(vocabulary.tokens)},
                "unk_token": UNKNOWN,
            },
        },
        indent=1,
    )
