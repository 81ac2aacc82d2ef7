"""`make bench-stt`: the bundled speech model on recordings that others made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from tests.bench.results import Row, record
from tests.bench.shared import data, lares

COMMAND = "make bench-stt"
SYNTHETIC = "neural TTS"
PEER = "pocketsphinx with a closed grammar: 14 of 31 (45 %)"

Score = Mapping[str, float | None]


def main() -> None:
    found = lares("eval", "stt", str(data("speech")))
    summary = cast("Mapping[str, object]", found["summary"])
    kinds = cast("Mapping[str, Score]", summary["by_kind"])
    home = {kind: score for kind, score in kinds.items() if kind.startswith("home-en")}
    people = [score for kind, score in home.items() if SYNTHETIC not in kind]
    spoken = [score for kind, score in home.items() if SYNTHETIC in kind]
    others = [score for kind, score in kinds.items() if not kind.startswith("home-")]
    false = sum(int(score["false_commands"] or 0) for score in kinds.values())
    recordings = sum(int((score["total"] or 0) + (score["untold"] or 0)) for score in others)
    record(
        [
            _exact("main/stt_home_en_exact_pct", list(home.values()), ">=60", PEER),
            _exact("main/stt_home_en_recorded_exact_pct", people, ">=60", ""),
            _exact("main/stt_home_en_other_synthesizer_exact_pct", spoken, "", ""),
            Row(
                "main/stt_false_commands",
                false,
                "0",
                COMMAND,
                note=f"of {recordings} recordings of other speech, wake words and noise",
            ),
            Row("main/stt_rtf", cast("float", summary["rtf"]), "", COMMAND, note="all recordings"),
        ]
    )


def _exact(name: str, scores: list[Score], goal: str, peer: str) -> Row:
    exact = sum(int(score["exact"] or 0) for score in scores)
    total = sum(int(score["total"] or 0) for score in scores)
    share = round(100 * exact / total, 1) if total else 0.0
    return Row(name, share, goal, COMMAND, peer, f"{exact} of {total}")


if __name__ == "__main__":
    main()
