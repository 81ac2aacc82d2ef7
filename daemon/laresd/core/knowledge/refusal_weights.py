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
    (2.131, 1.738, -1.218, -0.430, -1.710, 6.172, 0.954, -0.357, 1.958, -0.941, -0.025, 2.001,
     1.574, 2.957, -1.233, -0.158, 14.387, 1.956),
    -12.193,
)  # fmt: skip
SPACED = Weights(
    (2.145, 3.476, -3.228, -1.710, -0.097, 6.821, 1.464, -0.118, 1.712, -0.320, 0.346, 3.107,
     7.946, 2.426, -2.104, -0.686, 0.000, 0.910),
    -7.844,
)  # fmt: skip
PAIRED = Weights(
    (1.454, 5.161, -4.082, -2.309, -0.298, 1.193, -0.141, -0.466, 2.029, -1.299, -0.714, 5.304,
     7.438, 3.171, -1.440, 0.160, 0.000, 0.343),
    -4.700,
)  # fmt: skip
