"""How much a speech model reads at once: what its folder says, or what a check has found."""

from __future__ import annotations

from pathlib import Path

from laresd.backends.modelstore.catalogue import ModelKind
from laresd.backends.modelstore.store import ModelStore
from laresd.backends.workers.specs import speech_checks
from laresd.engines.whisper.habits import habits
from laresd.engines.whisper.records import Verdict, recorded
from laresd.errors import LaresError


def reading(store: ModelStore, state_dir: Path, name: str) -> Verdict | None:
    """None where the model is not here, or was never loaded."""
    try:
        folder = store.resolve(ModelKind.SPEECH_TO_TEXT, name)
        context = habits(folder).context
    except LaresError:
        return None
    if context is not None:
        return Verdict(str(context), "its folder says so")
    return recorded(folder, speech_checks(state_dir))


def told(verdict: Verdict | None) -> str:
    """In words, for a person."""
    if verdict is None:
        return "how much it must read at once is found out at its first start"
    much = {"full": "30 s at once", "speech": "only what is said"}.get(
        verdict.padding, f"what is said, and at least {verdict.context.least / 100:g} s"
    )
    return f"it reads {much}: {verdict.because}"
