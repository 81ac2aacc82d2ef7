"""The model card: what the model is, what it was made from, and what was measured."""

from __future__ import annotations

from pathlib import Path

from training.calibrate import Limits
from training.evaluate import Tally, table

_TEMPLATE = Path(__file__).with_name("card_template.md")


def write_card(
    path: Path,
    facts: dict[str, object],
    *,
    synthetic: dict[str, Tally],
    recorded: dict[str, Tally],
    limits: Limits,
    shortcomings: str,
) -> None:
    """Write the card; `facts` fill what the figures do not."""
    commands = [tally for name, tally in recorded.items() if tally.words]
    others = [tally for name, tally in recorded.items() if not tally.words]
    total = max(1, sum(tally.total for tally in commands))
    exact = sum(tally.exact for tally in commands)
    text = _TEMPLATE.read_text("utf-8").format(
        **facts,
        synthetic=table(synthetic),
        recorded=table(recorded),
        limits=", ".join(f"{name} {value:.2f}" for name, value in vars(limits).items()),
        command_exact=exact,
        command_total=total,
        command_share=100 * exact / total,
        command_wer=100 * sum(t.errors for t in commands) / max(1, sum(t.words for t in commands)),
        false_commands=sum(tally.false_commands for tally in others),
        other_total=sum(tally.total for tally in others),
        shortcomings=shortcomings,
    )
    path.write_text(text, "utf-8")
