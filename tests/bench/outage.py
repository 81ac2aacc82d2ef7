"""`make bench-outage`: the broker is killed for a minute in the middle of 200 actions."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.bench.results import Row, record
from tests.scenario.outage import Plan, outage

COMMAND = "make bench-outage"
PLAN = Plan(count=200, every=0.4, killed_at=10.0, away_s=60.0, patience=120.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--away", type=float, default=PLAN.away_s, help="seconds without a broker")
    away_s = parser.parse_args().away
    every = (PLAN.killed_at * 2 + away_s) / PLAN.count
    plan = Plan(PLAN.count, every, PLAN.killed_at, away_s, PLAN.patience)
    with tempfile.TemporaryDirectory() as folder:
        tally = asyncio.run(outage(Path(folder), plan))
    in_vain = [name for name in tally.brief if not tally.heard.get(name)]
    came = ", ".join(f"{count} {status}" for status, count in sorted(tally.by_status.items()))
    note = (
        f"200 actions in {plan.count * every:.0f} s, Mosquitto killed for {away_s:.0f} s; "
        f"replies: {came}; of {len(tally.brief)} with a deadline of 0.5 s in the outage "
        f"{len(in_vain)} were dropped and {len(tally.dropped)} reported"
    )
    settled = "from the broker's return until the last waiting command was at its device"
    record(
        [
            Row("chaos/outage_lost", len(tally.lost), "0", COMMAND, note=note),
            Row("chaos/outage_twice", len(tally.twice), "0", COMMAND),
            Row("chaos/outage_late", len(tally.late), "0", COMMAND),
            Row("chaos/outage_settled_s", round(tally.settled_s, 2), "", COMMAND, note=settled),
        ]
    )


if __name__ == "__main__":
    main()
