"""Whether the language model that would answer now may write answers from documents itself."""

from __future__ import annotations

from laresd.app.mind import Mind, local_model
from laresd.backends.workers.supervisor import Worker

PARAMETERS = 1_000_000_000  # smaller ones are quoted past: see firmware-notes/documents.md


def is_trusted_to_write(mind: Mind, llm: Worker | None) -> bool:
    """The box's own model is large enough, or a host is there, whose model is."""
    if any(engine.host is not None and engine.proven for engine in mind.pool.engines):
        return True
    own = local_model(llm)
    return own is not None and own.parameters >= PARAMETERS
