"""Turn a checkpoint into the folder that ships: an int8 CTranslate2 Whisper, its tokenizer, and the
phone head.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import torch
from ctranslate2.converters.utils import fuse_linear
from ctranslate2.specs import common_spec, whisper_spec
from torch import nn

from training.espeak import word_phones
from training.model import AUDIO_POSITIONS, Attention, Block, Shape, SpeechModel, sinusoids
from training.phones import PHONE_INDEX, PHONES
from training.recognize import BEAM
from training.vocabulary import UNKNOWN, Vocabulary, tokenizer_json

MAX_TOKENS = 448


def _array(tensor: torch.Tensor) -> Any:
    return tensor.detach().float().contiguous().numpy().copy()  # quantization works in place


def _linear(layer: nn.Linear) -> Any:
    spec = common_spec.LinearSpec()  # type: ignore[no-untyped-call]
    spec.weight = _array(layer.weight)
    if layer.bias is not None:
        spec.bias = _array(layer.bias)
    return spec


def _set_linear(spec: Any, layer: nn.Linear) -> None:
    spec.weight = _array(layer.weight)
    if layer.bias is not None:
        spec.bias = _array(layer.bias)


def _set_norm(spec: Any, norm: nn.LayerNorm) -> None:
    spec.gamma, spec.beta = _array(norm.weight), _array(norm.bias)


def _set_attention(spec: Any, attention: Attention, norm: nn.LayerNorm, itself: bool) -> None:
    parts = [_linear(attention.query), _linear(attention.key), _linear(attention.value)]
    if itself:
        fuse_linear(spec.linear[0], parts)  # type: ignore[no-untyped-call]
    else:
        fuse_linear(spec.linear[0], parts[:1])  # type: ignore[no-untyped-call]
        fuse_linear(spec.linear[1], parts[1:])  # type: ignore[no-untyped-call]
    _set_linear(spec.linear[-1], attention.out)
    _set_norm(spec.layer_norm, norm)


def _set_block(spec: Any, block: Block) -> None:
    _set_attention(spec.self_attention, block.attention, block.attention_norm, itself=True)
    if block.cross is not None and block.cross_norm is not None:
        _set_attention(spec.attention, block.cross, block.cross_norm, itself=False)
    _set_linear(spec.ffn.linear_0, block.up)
    _set_linear(spec.ffn.linear_1, block.down)
    _set_norm(spec.ffn.layer_norm, block.norm)


def whisper_model_spec(model: SpeechModel, vocabulary: Vocabulary) -> Any:
    """The model as CTranslate2 describes it, in 32-bit floats."""
    shape: Shape = model.shape
    spec: Any = whisper_spec.WhisperSpec(  # type: ignore[no-untyped-call]
        shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads
    )
    for name in ("conv1", "conv2"):
        conv = getattr(model.encoder, name)
        getattr(spec.encoder, name).weight, getattr(spec.encoder, name).bias = (
            _array(conv.weight),
            _array(conv.bias),
        )
    spec.encoder.position_encodings.encodings = (
        sinusoids(AUDIO_POSITIONS, shape.width).numpy().astype(np.float32)
    )
    _set_norm(spec.encoder.layer_norm, model.encoder.norm)
    for layer, block in zip(spec.encoder.layer, model.encoder.blocks, strict=True):
        _set_block(layer, block)  # type: ignore[arg-type]
    spec.decoder.embeddings.weight = _array(model.decoder.embedding.weight)
    spec.decoder.position_encodings.encodings = _array(model.decoder.positions)
    spec.decoder.projection.weight = _array(model.decoder.embedding.weight)
    _set_norm(spec.decoder.layer_norm, model.decoder.norm)
    for layer, block in zip(spec.decoder.layer, model.decoder.blocks, strict=True):
        _set_block(layer, block)  # type: ignore[arg-type]
    spec.register_vocabulary(list(vocabulary.tokens))
    spec.config.suppress_ids = [vocabulary.id(UNKNOWN)]
    spec.config.suppress_ids_begin = []  # ending at once is how the model refuses
    spec.config.lang_ids = []
    spec.config.alignment_heads = [(shape.decoder_layers - 1, head) for head in range(shape.heads)]
    return spec


def load_average(work: Path, tokens: int) -> tuple[SpeechModel, float, int]:
    """The averaged weights of the newest checkpoint, with the seconds and utterances that they
    took.
    """
    state = torch.load(work / "run" / "checkpoint.pt", weights_only=True)
    model = SpeechModel(Shape(tokens))
    model.load_state_dict(state["average"])
    return model.eval(), float(state["spent_s"]), int(state["utterances"])


def write_phone_head(model: SpeechModel, vocabulary: Vocabulary, path: Path) -> None:
    """The CTC head and each word's phones, for `laresd.bundled.alignment`; words are numbered as
    tokens.
    """
    pronunciations = [
        [PHONE_INDEX[phone] for phone in word_phones(word)] for word in vocabulary.words
    ]
    flat = np.array([phone for word in pronunciations for phone in word], np.uint8)
    np.savez_compressed(
        path,
        weight=_array(model.phone_head.weight).astype(np.float16),
        bias=_array(model.phone_head.bias).astype(np.float16),
        phones=np.array(PHONES),
        word_lengths=np.array([len(word) for word in pronunciations], np.uint8),
        word_phones=flat,
    )


def convert(
    model: SpeechModel, vocabulary: Vocabulary, folder: Path, *, seconds: float, utterances: int
) -> None:
    """Write the complete model folder (without its card); it says how long it was trained."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = whisper_model_spec(model, vocabulary)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    (folder / "tokenizer.json").write_text(tokenizer_json(vocabulary), "utf-8")
    preprocessor = {
        "feature_size": 80,
        "sampling_rate": 16000,
        "hop_length": 160,
        "chunk_length": 30,
        "n_fft": 400,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=1), "utf-8")
    habits = {
        "padding": "speech",
        "languages": ["en"],
        "max_tokens": MAX_TOKENS,
        "beam_size": BEAM,
        "trained": {"seconds": round(seconds), "utterances": utterances},
    }
    (folder / "lares.json").write_text(json.dumps(habits, indent=1) + "\n", "utf-8")
    write_phone_head(model, vocabulary, folder / "phone_head.npz")
    # Raises if the folder is not what it should be.
    ctranslate2.models.Whisper(str(folder), device="cpu")  # type: ignore[attr-defined]
