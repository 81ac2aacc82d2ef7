"""Benchmarks, one module per `make bench-NAME`; each writes RESULTS.md and results.json."""
