"""A small Whisper in PyTorch, with two heads of its own on the encoder: phones by CTC, and phones
per frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.features import MELS
from training.phones import PHONES

AUDIO_POSITIONS = 1500  # 30 s at 20 ms; CTranslate2 and faster-whisper expect this many
TEXT_POSITIONS = 448
_LOCAL_OFFSETS = (
    -5.0,
    -2.0,
    0.0,
    2.0,
    5.0,
)  # frames of 20 ms that the heads of a fresh layer look at; others look anywhere
_LOCAL_GAIN = 1.5


@dataclass(frozen=True)
class Shape:
    """Sizes of the model; `width` must be divisible by `heads`."""

    tokens: int
    width: int = 192
    heads: int = 6
    encoder_layers: int = 5
    decoder_layers: int = 2


def sinusoids(length: int, width: int) -> Tensor:
    """Whisper's fixed table of positions, [length, width]."""
    scales = torch.exp(-np.log(10_000.0) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * scales[None, :]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Attention(nn.Module):
    """Multi-head attention as in Whisper: the key projection has no bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.value, self.out = (
            nn.Linear(width, width),
            nn.Linear(width, width),
            nn.Linear(width, width),
        )
        self.key = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, source: Tensor | None = None, causal: bool = False) -> Tensor:
        source = x if source is None else source
        q, k, v = (
            self._split(part) for part in (self.query(x), self.key(source), self.value(source))
        )
        # Written out, since PyTorch's fused attention takes five times as long backwards on a CPU.
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        if causal:
            future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
            scores = scores.masked_fill(future, float("-inf"))
        with torch.autocast("cpu", enabled=False):  # else the softmax would be done in 32 bits
            shares = scores.softmax(-1)
        mixed: Tensor = self.out((shares @ v).transpose(1, 2).flatten(2))
        return mixed

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)

    def look_nearby(self, offsets: tuple[float, ...]) -> None:
        """Start with heads that find the frames `offset` away by their sinusoid positions: it saves
        long learning.
        """
        width = self.query.in_features
        size, half = width // self.heads, width // 2
        scales = torch.exp(-np.log(10_000.0) / (half - 1) * torch.arange(half))
        with torch.no_grad():
            for head, offset in enumerate(offsets[: self.heads]):
                pairs = torch.arange(size // 2) * (1 if head % 2 else 2)
                for row, pair in enumerate(pairs.tolist()):
                    angle = float(scales[pair]) * offset
                    low, high = head * size + 2 * row, head * size + 2 * row + 1
                    for weight, cosine, sine in (
                        (self.query.weight, np.cos(angle), np.sin(angle)),
                        (self.key.weight, 1.0, 0.0),
                    ):
                        weight[low], weight[high] = 0.0, 0.0
                        weight[low, pair], weight[low, half + pair] = (
                            _LOCAL_GAIN * cosine,
                            _LOCAL_GAIN * sine,
                        )
                        weight[high, pair], weight[high, half + pair] = (
                            -_LOCAL_GAIN * sine,
                            _LOCAL_GAIN * cosine,
                        )


class Block(nn.Module):
    """One pre-norm layer; with `cross`, a decoder's."""

    def __init__(self, width: int, heads: int, cross: bool = False) -> None:
        super().__init__()
        self.attention, self.attention_norm = Attention(width, heads), nn.LayerNorm(width)
        self.cross = Attention(width, heads) if cross else None
        self.cross_norm = nn.LayerNorm(width) if cross else None
        self.up, self.down, self.norm = (
            nn.Linear(width, 4 * width),
            nn.Linear(4 * width, width),
            nn.LayerNorm(width),
        )

    def forward(self, x: Tensor, audio: Tensor | None = None) -> Tensor:
        x = x + self.attention(self.attention_norm(x), causal=self.cross is not None)
        if self.cross is not None and self.cross_norm is not None:
            x = x + self.cross(self.cross_norm(x), audio)
        return x + self.down(functional.gelu(self.up(self.norm(x))))  # type: ignore[no-any-return]


class Encoder(nn.Module):
    """[batch, 80, frames of 10 ms] to [batch, frames of 20 ms, width]."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(MELS, shape.width, 3, padding=1)
        self.conv2 = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.register_buffer("positions", sinusoids(AUDIO_POSITIONS, shape.width), persistent=False)
        self.blocks = nn.ModuleList(
            Block(shape.width, shape.heads) for _ in range(shape.encoder_layers)
        )
        self.norm = nn.LayerNorm(shape.width)

    def forward(self, mel: Tensor) -> Tensor:
        x = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positions[: x.shape[1]].to(x.dtype)  # type: ignore[index]
        for block in self.blocks:
            x = block(x)
        return self.norm(x)  # type: ignore[no-any-return]


class Decoder(nn.Module):
    """Token ids [batch, length] and audio to logits [batch, length, tokens]; the embedding is also
    the output.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embedding = nn.Embedding(shape.tokens, shape.width)
        self.positions = nn.Parameter(torch.zeros(TEXT_POSITIONS, shape.width))
        self.blocks = nn.ModuleList(
            Block(shape.width, shape.heads, cross=True) for _ in range(shape.decoder_layers)
        )
        self.norm = nn.LayerNorm(shape.width)

    def forward(self, tokens: Tensor, audio: Tensor) -> Tensor:
        x = (self.embedding(tokens) + self.positions[: tokens.shape[1]]).to(audio.dtype)
        for block in self.blocks:
            x = block(x, audio)
        return self.norm(x) @ self.embedding.weight.T  # type: ignore[no-any-return]


class SpeechModel(nn.Module):
    """The whole network; only `phone_head` of the two phone heads is shipped."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder, self.decoder = Encoder(shape), Decoder(shape)
        self.phone_head = nn.Linear(shape.width, len(PHONES))
        self.frame_head = nn.Linear(shape.width, len(PHONES))
        self._begin()

    def _begin(self) -> None:
        """Small residual branches, and encoder heads that look at neighbouring frames."""
        nn.init.normal_(self.decoder.embedding.weight, std=0.05)
        nn.init.normal_(self.decoder.positions, std=0.02)
        for block in [*self.encoder.blocks, *self.decoder.blocks]:
            assert isinstance(block, Block)
            nn.init.normal_(block.attention.out.weight, std=0.03)
            nn.init.normal_(block.down.weight, std=0.015)
        for block in self.encoder.blocks:
            assert isinstance(block, Block)
            block.attention.look_nearby(_LOCAL_OFFSETS)
