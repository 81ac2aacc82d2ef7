"""A very small BERT as a GGUF file or as a folder of a model hub, and the same model in numpy.

The tensors' names, the keys and the spelling of word pieces are those of llama.cpp's converter
(convert_hf_to_gguf.py there, BertModel), the folder's names those of transformers' BertModel; the
computation is that of the paper (Devlin et al. 2018).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("the", "kitchen", "light", "is", "on", "off", "a", "lamp", "tax", ".", "s")
CLS, SEP = 2, 3
WIDTH, HEADS, LAYERS, INNER, LONGEST = 32, 4, 2, 64, 64
WEIGHTS = "model.safetensors"
_CONTROL, _NORMAL = 3, 1  # token types
_NAMES = {  # of llama.cpp's converter, and of transformers
    "token_embd": "embeddings.word_embeddings",
    "token_types": "embeddings.token_type_embeddings",
    "position_embd": "embeddings.position_embeddings",
    "token_embd_norm": "embeddings.LayerNorm",
    "attn_q": "attention.self.query",
    "attn_k": "attention.self.key",
    "attn_v": "attention.self.value",
    "attn_output": "attention.output.dense",
    "attn_output_norm": "attention.output.LayerNorm",
    "ffn_up": "intermediate.dense",
    "ffn_down": "output.dense",
    "layer_output_norm": "output.LayerNorm",
}

Array = NDArray[np.float32]


class TinyBert:
    """Random weights that are always the same."""

    def __init__(self, seed: int = 7) -> None:
        self._dice = np.random.default_rng(seed)
        self.tokens = [*SPECIAL, *(f"\u2581{word}" for word in WORDS)]
        self.weights: dict[str, Array] = {
            "token_embd.weight": self._random(len(self.tokens), WIDTH),
            "token_types.weight": self._random(2, WIDTH),
            "position_embd.weight": self._random(LONGEST, WIDTH),
            **self._norm("token_embd_norm"),
        }
        for layer in range(LAYERS):
            for part, shape in (
                *((f"attn_{kind}", (WIDTH, WIDTH)) for kind in ("q", "k", "v", "output")),
                ("ffn_up", (INNER, WIDTH)),
                ("ffn_down", (WIDTH, INNER)),
            ):
                self.weights[f"blk.{layer}.{part}.weight"] = self._random(*shape)
                self.weights[f"blk.{layer}.{part}.bias"] = self._random(shape[0])
            self.weights |= self._norm(f"blk.{layer}.attn_output_norm")
            self.weights |= self._norm(f"blk.{layer}.layer_output_norm")

    def write(self, path: Path) -> Path:
        writer = gguf.GGUFWriter(path, "bert")
        writer.add_name("tiny")
        writer.add_context_length(LONGEST)
        writer.add_embedding_length(WIDTH)
        writer.add_feed_forward_length(INNER)
        writer.add_block_count(LAYERS)
        writer.add_head_count(HEADS)
        writer.add_layer_norm_eps(1e-12)
        writer.add_causal_attention(False)
        writer.add_pooling_type(gguf.PoolingType.MEAN)
        writer.add_tokenizer_model("bert")
        writer.add_token_type_count(2)
        writer.add_token_list(self.tokens)
        kinds = [_CONTROL] * len(SPECIAL) + [_NORMAL] * len(WORDS)
        writer.add_token_types(kinds)
        writer.add_pad_token_id(0)
        writer.add_unk_token_id(1)
        writer.add_bos_token_id(CLS)
        writer.add_sep_token_id(SEP)
        writer.add_eos_token_id(SEP)
        writer.add_mask_token_id(4)
        for name, array in self.weights.items():
            writer.add_tensor(name, array)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    def write_folder(self, folder: Path, *, first: bool = False) -> Path:
        """As model hubs have it. `first`: the vector of the first token counts, not the mean."""
        folder.mkdir()
        config = {
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": WIDTH,
            "num_hidden_layers": LAYERS,
            "num_attention_heads": HEADS,
            "max_position_embeddings": LONGEST,
            "layer_norm_eps": 1e-12,
        }
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "1_Pooling").mkdir()
        pooling = {"pooling_mode_cls_token": first, "pooling_mode_mean_tokens": not first}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
        (folder / "README.md").write_text("---\nlanguage:\n- en\n- de\nlicense: mit\n---\n# Tiny\n")
        save_file({_hub_name(n): array for n, array in self.weights.items()}, folder / WEIGHTS)
        self._tokenizer().save(str(folder / "tokenizer.json"))
        return folder

    def _tokenizer(self) -> Tokenizer:
        words = [token.removeprefix("\u2581") for token in self.tokens]
        tokenizer = Tokenizer(WordPiece({w: n for n, w in enumerate(words)}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = Whitespace()
        ends = [("[CLS]", CLS), ("[SEP]", SEP)]
        tokenizer.post_processor = TemplateProcessing("[CLS] $A [SEP]", special_tokens=ends)
        tokenizer.enable_padding(length=128)  # as MiniLM's own file has it
        return tokenizer

    def vector(self, words: Sequence[str], *, first: bool = False) -> Array:
        """Of a text of these words, of length 1: the mean over all its tokens, or the first's."""
        known = [self.tokens.index(f"\u2581{word}") for word in words]
        ids = [CLS, *known, SEP]
        w = self.weights
        x = w["token_embd.weight"][ids] + w["token_types.weight"][0]
        x = self._normed(x + w["position_embd.weight"][: len(ids)], "token_embd_norm")
        for layer in range(LAYERS):
            at = f"blk.{layer}"
            x = self._normed(x + self._attention(x, at), f"{at}.attn_output_norm")
            inner = _gelu(self._linear(x, f"{at}.ffn_up"))
            x = self._normed(x + self._linear(inner, f"{at}.ffn_down"), f"{at}.layer_output_norm")
        pooled = x[0] if first else x.mean(axis=0)
        return np.asarray(pooled / np.linalg.norm(pooled), np.float32)

    def _attention(self, x: Array, at: str) -> Array:
        parts = (self._linear(x, f"{at}.attn_{kind}") for kind in ("q", "k", "v"))
        q, k, v = (part.reshape(len(x), HEADS, -1).swapaxes(0, 1) for part in parts)
        scores = q @ k.swapaxes(1, 2) / np.sqrt(WIDTH // HEADS)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        joined = (shares @ v).swapaxes(0, 1).reshape(len(x), WIDTH)
        return self._linear(joined, f"{at}.attn_output")

    def _linear(self, x: Array, name: str) -> Array:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return np.asarray(x @ weight.T + bias, np.float32)

    def _normed(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return np.asarray(scaled * weight + bias, np.float32)

    def _norm(self, name: str) -> dict[str, Array]:
        return {
            f"{name}.weight": 1 + 0.1 * self._random(WIDTH),
            f"{name}.bias": self._random(WIDTH),
        }

    def _random(self, *shape: int) -> Array:
        return np.asarray(self._dice.normal(0.0, 0.3, shape), np.float32)


def _hub_name(name: str) -> str:
    part, _, kind = name.rpartition(".")
    if not part.startswith("blk."):
        return f"{_NAMES[part]}.{kind}"
    _, layer, part = part.split(".")
    return f"encoder.layer.{layer}.{_NAMES[part]}.{kind}"


def _gelu(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
