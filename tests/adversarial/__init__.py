"""Sentences and homes that want Lares to do what it must not."""
