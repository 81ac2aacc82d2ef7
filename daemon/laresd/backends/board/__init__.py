"""The machine that Lares runs on: its temperature and what its firmware does about it."""
