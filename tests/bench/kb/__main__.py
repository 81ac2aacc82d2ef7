"""`make bench-kb`: what the index of documents finds, costs and holds."""

from __future__ import annotations

import argparse
import time

from tests.bench.kb.ingest import ingest_kill_rows, ingest_rows
from tests.bench.kb.kills import kill_rows
from tests.bench.kb.nearest import recall_rows, speed_rows
from tests.bench.kb.serving import memory_rows
from tests.bench.kb.storing import storing_rows
from tests.bench.kb_answers import latency_rows, refusal_rows, retrieval_rows
from tests.bench.llm.__main__ import names_among
from tests.bench.results import record

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
    parser = argparse.ArgumentParser(prog="make bench-kb")
    parser.add_argument(
        "--only", type=names_among(MEASURES), default=[*MEASURES], help=",".join(MEASURES)
    )
    parser.add_argument("--dry-run", action="store_true", help="record nothing")
    wanted = parser.parse_args()
    for name in wanted.only:
        begun = time.monotonic()
        rows = MEASURES[name]()
        print(f"bench: {name} took {time.monotonic() - begun:.0f} s", flush=True)
        if wanted.dry_run:
            print(*rows, sep="\n", flush=True)
        else:
            record(rows)


if __name__ == "__main__":
    main()
