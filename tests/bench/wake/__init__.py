"""`make bench-wake`: what wakes it, what does not, and what a day of listening costs."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # its threads only wait for each other here
