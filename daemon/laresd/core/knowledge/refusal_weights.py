"""What `python -m tests.bench.kb_refusal` printed; it says how it was made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """`of`: one for each figure of Evidence, in its order. `bias` is such that a sum of 0 is the
    threshold.
    """

    of: tuple[float, ...]
    bias: float


SPACED_WITH_VECTORS = Weights(
    (2.368, 2.048, -1.198, -0.351, -1.772, 6.005, 0.992, -0.399, 2.004, -0.831, -0.021, 1.686,
     2.008, 2.416, 0.000, 0.000, 14.580, 2.020),
    -12.504,
)  # fmt: skip
SPACED = Weights(
    (3.038, 4.368, -3.626, -1.769, 0.152, 6.218, 1.500, -0.344, 1.845, 0.012, 0.342, 2.242,
     8.815, 2.641, 0.000, 0.000, 0.000, 0.812),
    -9.297,
)  # fmt: skip
PAIRED = Weights(
    (3.580, 4.815, -4.856, -2.095, -0.542, 1.215, -0.005, -0.325, 2.656, -1.045, -0.163, 3.911,
     6.707, 3.048, 0.000, 0.000, 0.000, 0.433),
    -6.488,
)  # fmt: skip
