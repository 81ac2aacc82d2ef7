"""How a training spends its time: the stages, and the learning rate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How to spend the time: all times are CPU seconds of the first process, over all resumed runs.

    So neither other work on the machine nor a pause (SIGSTOP) shortens the training.
    """

    total_s: float
    frames_only_s: float  # at first only the per-frame phones and CTC are learned
    peak_rate: float = 1.6e-3
    final_rate: float = 2e-5
    warmup_s: float = 60.0
    batch: int = 16
    processes: int = 2

    def rate(self, spent_s: float, begun_s: float = 0.0) -> float:
        """The learning rate after `spent_s` seconds: a short rise, a plateau, then down.

        It rises from `begun_s` on, when the optimizer was new.
        """
        left = max(0.0, 1 - spent_s / self.total_s)
        rate = self.final_rate + (self.peak_rate - self.final_rate) * min(1.0, left / 0.75)
        return rate * min(1.0, 0.05 + 0.95 * (spent_s - begun_s) / self.warmup_s)
