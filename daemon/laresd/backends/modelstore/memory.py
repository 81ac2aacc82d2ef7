"""Whether a model fits into this machine's memory, with the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from laresd.backends.modelstore.catalogue import ModelKind

MIB = 1 << 20
LLM_FACTOR = 1.15  # seen with 3B Q4_K_M without mmap: 2.31 GB resident for a 2.02 GB file
LLM_EXTRA = 300 * MIB  # the KV cache of 2,048 tokens and the compute buffers
SPEECH_EXTRA = 200 * MIB


class Fit(StrEnum):
    FITS = "fits"
    TIGHT = "tight"  # into the machine's memory, but not into what is free now
    TOO_BIG = "too big"


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes, from /proc/meminfo."""

    total: int
    available: int


def read_memory(path: Path = Path("/proc/meminfo")) -> Memory | None:
    """None where the kernel does not say (not Linux)."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    fields = {line.split(":")[0]: line.split()[1] for line in lines if ":" in line}
    if "MemTotal" not in fields or "MemAvailable" not in fields:
        return None
    return Memory(int(fields["MemTotal"]) << 10, int(fields["MemAvailable"]) << 10)


def needed(kind: ModelKind, size: int) -> int:
    """Bytes of memory that a model of `size` bytes on disk takes when it runs."""
    if kind is ModelKind.LLM:
        return int(size * LLM_FACTOR) + LLM_EXTRA
    return size + SPEECH_EXTRA


def fit(kind: ModelKind, size: int, memory: Memory) -> tuple[Fit, str]:
    """The verdict and a sentence with its numbers."""
    need = needed(kind, size)
    numbers = (
        f"it takes about {_gib(need)}; this machine has {_gib(memory.total)}, "
        f"of which {_gib(memory.available)} are free"
    )
    if need > memory.total * 0.9:
        return Fit.TOO_BIG, numbers
    return (Fit.FITS if need <= memory.available else Fit.TIGHT), numbers


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"
