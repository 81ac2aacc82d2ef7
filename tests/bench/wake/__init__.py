"""`make bench-wake`: what wakes it, what does not, and what a day of listening costs."""
