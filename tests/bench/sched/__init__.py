"""The scheduler: how fast and how well it decides, and what it never does: `make bench-sched`."""
