"""Lares: a private AI appliance. `laresd.app` builds it; `laresd.cli` is what people type."""

__version__ = "0.1.0"
