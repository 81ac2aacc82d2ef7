"""`make bench-kb`: what the index of documents finds, costs and holds."""

from __future__ import annotations

from tests.bench.kb.ingest import ingest_kill_rows, ingest_rows
from tests.bench.kb.kills import kill_rows
from tests.bench.kb.nearest import recall_rows, speed_rows
from tests.bench.kb.serving import memory_rows
from tests.bench.kb.storing import storing_rows
from tests.bench.kb_answers import latency_rows, refusal_rows, retrieval_rows
from tests.bench.measures import options, take

MEASURES = {
    "recall": lambda: recall_rows((10_000, 100_000, 500_000)),
    "speed": speed_rows,
    "storing": storing_rows,
    "memory": memory_rows,
    "kills": kill_rows,
    "ingest": ingest_rows,
    "ingest-kills": ingest_kill_rows,
    "retrieval": retrieval_rows,
    "refusal": refusal_rows,
    "latency": latency_rows,
}


def main() -> None:
    take(options("kb", MEASURES).parse_args(), MEASURES)


if __name__ == "__main__":
    main()
