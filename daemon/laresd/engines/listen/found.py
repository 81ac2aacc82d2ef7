"""What was found in a stream of sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from laresd.types import HeardKind, Json

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """`sample` is where it ends, counted since the stream's reset."""

    kind: HeardKind
    sample: int
    score: float
    name: str = ""

    def row(self) -> dict[str, Json]:
        score = round(self.score, 4)
        return {"kind": self.kind.value, "sample": self.sample, "score": score, "name": self.name}
