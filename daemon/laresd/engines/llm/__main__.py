"""The language model's worker process."""

from laresd.engines import worker
from laresd.engines.llm.loading import load

if __name__ == "__main__":
    worker.main(load)
