"""The sizes of an encoder, which its graph is built by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Pooling(StrEnum):
    MEAN = "mean"  # of all tokens
    FIRST = "first"  # the vector of the first token


@dataclass(frozen=True, slots=True)
class Shape:
    """Of an encoder. `position`: of the first token (RoBERTa counts from after its padding)."""

    width: int
    layers: int
    heads: int
    epsilon: float
    pooling: Pooling
    position: int = 0
