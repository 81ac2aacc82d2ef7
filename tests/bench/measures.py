"""What the commands `make bench-NAME` have in common: which figures are wanted, and taking them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Mapping

from tests.bench.results import Row, record

Measures = Mapping[str, Callable[[], list[Row]]]


def options(name: str, measures: Iterable[str]) -> argparse.ArgumentParser:
    """A parser of `--only` and `--dry-run`, to which a bench adds its own. `name`: of the bench."""
    names = list(measures)
    parser = argparse.ArgumentParser(prog=f"make bench-{name}")
    parser.add_argument("--only", type=names_among(names), default=names, help=",".join(names))
    parser.add_argument("--dry-run", action="store_true", help="record nothing")
    return parser


def names_among(known: Iterable[str]) -> Callable[[str], list[str]]:
    """A reader of lists like `decode,prefill`. It raises ArgumentTypeError for an unknown name."""

    def names(text: str) -> list[str]:
        chosen = text.split(",")
        unknown = sorted(set(chosen) - set(known))
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(known)}")
        return chosen

    return names


def say(text: str) -> None:
    """Show how far it is."""
    print(f"bench: {text}", flush=True)


def take(wanted: argparse.Namespace, measures: Measures, say: Callable[[str], None] = say) -> None:
    """Those that are wanted, one after the other; each is recorded once it is there."""
    for name in wanted.only:
        begun = time.monotonic()
        rows = measures[name]()
        say(f"{name} took {time.monotonic() - begun:.0f} s")
        if wanted.dry_run:
            print(*rows, sep="\n", flush=True)
        else:
            record(rows)
