"""The worker process: `python -m laresd.engines.whisper`."""

from __future__ import annotations

from laresd.engines import worker
from laresd.engines.whisper.service import load

worker.main(load)
