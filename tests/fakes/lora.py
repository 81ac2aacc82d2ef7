"""A LoRA adapter for SmolLM2-135M that changes what it says, with weights of chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGUFWriter

WIDTH, LAYERS, RANK = 576, 30, 4


def write_lora(path: Path, *, seed: int, spread: float = 0.15, width: int = WIDTH) -> Path:
    """`spread`: of the weights; the more, the wilder. `width`: of the model that it is for."""
    dice = np.random.default_rng(seed)
    writer = GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(RANK))
    for layer in range(LAYERS):
        for part, shape in (("a", (RANK, width)), ("b", (width, RANK))):
            weights = dice.normal(0.0, spread, shape).astype(np.float32)
            writer.add_tensor(f"blk.{layer}.attn_q.weight.lora_{part}", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
