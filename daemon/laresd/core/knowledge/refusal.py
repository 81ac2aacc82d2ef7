"""How surely what was found answers a question: a logistic model over the evidence. Pure.

Its weights are in `refusal_weights`: fitted on questions whose paragraph is there and the same ones
with all of their title taken out, on half of the titles, and measured on the other half.
"""

from __future__ import annotations

import math

from laresd.core.knowledge.evidence import Evidence
from laresd.core.knowledge.refusal_weights import PAIRED, SPACED, SPACED_WITH_VECTORS

LEAST = 0.5  # below it nothing is answered; the threshold is in each model's bias
SURE = 0.8  # where nobody said that the documents are meant


def confidence(found: Evidence, *, paired: bool, vectors: bool) -> float:
    """0 to 1. `paired`: the question's script has no spaces; `vectors`: they counted in the search.

    0 where not even one of its words stands anywhere near.
    """
    if found.passage <= 0.0 and found.similarity <= 0.0:
        return 0.0
    weights = PAIRED if paired else SPACED_WITH_VECTORS if vectors else SPACED
    total = sum(w * figure for w, figure in zip(weights.of, found.figures, strict=True))
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total + weights.bias))))
