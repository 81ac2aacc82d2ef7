"""A Whisper folder in CTranslate2's format with random weights: it loads, and talks nonsense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ctranslate2.specs.whisper_spec import WhisperSpec

WIDTH, HEADS, POSITIONS = 32, 2, 64
SPECIAL = [
    *("<|endoftext|>", "<|startoftranscript|>", "<|translate|>", "<|transcribe|>"),
    *("<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|unk|>"),
]
WORDS = ["turn", "on", "off", "the", "light", "in", "kitchen", "lamp", "bed", "room", "please"]
TOKENS = [*SPECIAL, *WORDS, "<|notimestamps|>"]


def write_whisper(folder: Path, *, padding: str = "speech", seed: int = 1) -> Path:
    """Make the folder and return it. The model says words of WORDS, whatever it hears."""
    dice = np.random.default_rng(seed)
    spec: Any = WhisperSpec(1, HEADS, 1, HEADS)  # type: ignore[no-untyped-call]

    def random(*shape: int) -> npt.NDArray[np.float32]:
        return dice.normal(0.0, 0.3, shape).astype(np.float32)

    def linear(target: Any, inputs: int, outputs: int) -> None:
        target.weight, target.bias = random(outputs, inputs), random(outputs)

    def norm(target: Any) -> None:
        target.gamma = np.ones(WIDTH, np.float32)
        target.beta = np.zeros(WIDTH, np.float32)

    def layer(target: Any, cross: bool) -> None:
        attention = target.self_attention
        norm(attention.layer_norm)
        linear(attention.linear[0], WIDTH, 3 * WIDTH)
        linear(attention.linear[1], WIDTH, WIDTH)
        if cross:
            norm(target.attention.layer_norm)
            linear(target.attention.linear[0], WIDTH, WIDTH)
            linear(target.attention.linear[1], WIDTH, 2 * WIDTH)
            linear(target.attention.linear[2], WIDTH, WIDTH)
        norm(target.ffn.layer_norm)
        linear(target.ffn.linear_0, WIDTH, 4 * WIDTH)
        linear(target.ffn.linear_1, 4 * WIDTH, WIDTH)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = random(WIDTH, 80, 3), random(WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = random(WIDTH, WIDTH, 3), random(WIDTH)
    encoder.position_encodings.encodings = random(1500, WIDTH)
    norm(encoder.layer_norm)
    layer(encoder.layer[0], cross=False)
    decoder.embeddings.weight = random(len(TOKENS), WIDTH)
    decoder.position_encodings.encodings = random(POSITIONS, WIDTH)
    norm(decoder.layer_norm)
    layer(decoder.layer[0], cross=True)
    decoder.projection.weight = random(len(TOKENS), WIDTH)
    spec.config.suppress_ids = [TOKENS.index(t) for t in SPECIAL[1:]]
    spec.config.suppress_ids_begin = [0]
    spec.config.lang_ids = []
    spec.config.alignment_heads = [[0, 0]]
    spec.register_vocabulary(TOKENS)
    spec.validate()
    spec.optimize(quantization="int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text(_tokenizer())
    habits = {"padding": padding, "max_tokens": POSITIONS, "patience_s": 0.0}
    (folder / "lares.json").write_text(json.dumps(habits))
    return folder


def _tokenizer() -> str:
    added = [
        {"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False}
        | {"normalized": False, "special": True}
        for i, t in enumerate(TOKENS)
        if t.startswith("<|")
    ]
    vocabulary = {token: number for number, token in enumerate(TOKENS)}
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
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<|unk|>"},
        }
    )
