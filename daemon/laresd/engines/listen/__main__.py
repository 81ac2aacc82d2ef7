"""The listening worker process."""

from laresd.engines import worker
from laresd.engines.listen.loading import load

if __name__ == "__main__":
    worker.main(load)
