"""The worker process: `python -m laresd.engines.speech`."""

from __future__ import annotations

from laresd.engines import worker
from laresd.engines.speech.service import load

if __name__ == "__main__":
    worker.main(load)
