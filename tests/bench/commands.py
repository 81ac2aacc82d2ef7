"""`make bench-commands`: understanding, on homes and sentences that others wrote."""

from __future__ import annotations

from tests.bench.results import Row, record
from tests.bench.shared import data, lares

COMMAND = "make bench-commands"
SETS = {"assist_mini": ("assist-mini", ">=70", "<=5"), "intents_en": ("intents", "", "")}
PUBLISHED = "published with Home Assistant: ministral-3-3b 81.6, qwen3-1.7b 60.2"


def main() -> None:
    rows: list[Row] = []
    for label, (folder, goal, wrong_goal) in SETS.items():
        found = lares("eval", "commands", str(data("home-assistant-datasets", folder)))
        summary = found["summary"]
        assert isinstance(summary, dict)
        total = int(summary["total"])
        peer = PUBLISHED if label == "assist_mini" else ""
        note = f"{summary['correct']} of {total}; by step {summary['by_step']}"
        rows += [
            Row(f"main/{label}_correct_pct", _share(summary, "correct"), goal, COMMAND, peer, note),
            Row(f"main/{label}_wrong_pct", _share(summary, "wrong"), wrong_goal, COMMAND),
            Row(f"main/{label}_p50_ms", summary["p50_ms"], "", COMMAND),
            Row(f"main/{label}_p95_ms", summary["p95_ms"], "", COMMAND),
        ]
    record(rows)


def _share(summary: dict[str, object], key: str) -> float:
    counted, total = summary[key], summary["total"]
    assert isinstance(counted, int) and isinstance(total, int)
    return round(100 * counted / total, 1)


if __name__ == "__main__":
    main()
