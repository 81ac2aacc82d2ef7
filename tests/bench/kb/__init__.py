"""The index of documents, measured: `python -m tests.bench.kb` (make bench-kb)."""
