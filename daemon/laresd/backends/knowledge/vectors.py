"""Vectors as they are kept: int8, scaled so that their largest number is 127, which a cosine does
not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

LARGEST = 127

Near = list[tuple[int, float]]
"""(passage, cosine), best first."""


def coded(vectors: NDArray[np.float32]) -> list[bytes]:
    """int8 [width] for each row of float32 [rows, width]."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    largest[largest == 0.0] = 1.0
    return [row.tobytes() for row in np.rint(vectors * (LARGEST / largest)).astype(np.int8)]


def units(codes: Sequence[bytes]) -> NDArray[np.float32]:
    """float32 [rows, width], each of length 1."""
    rows = np.frombuffer(b"".join(codes), np.int8).reshape(len(codes), -1).astype(np.float32)
    lengths: NDArray[np.float32] = np.linalg.norm(rows, axis=1, keepdims=True)
    lengths[lengths == 0.0] = 1.0
    return rows / lengths


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same direction, of length 1; zeros stay."""
    length = float(np.linalg.norm(vector))
    return (vector / (length or 1.0)).astype(np.float32)


def nearest(asked: NDArray[np.float32], rows: Iterable[tuple[int, bytes]], limit: int) -> Near:
    """Exactly, among (passage, int8 vector) each. `asked`: of length 1."""
    there = list(rows)
    if not there:
        return []
    cosines = units([vector for _, vector in there]) @ asked
    best = np.argsort(-cosines, kind="stable")[:limit]
    return [(there[at][0], float(cosines[at])) for at in best]
