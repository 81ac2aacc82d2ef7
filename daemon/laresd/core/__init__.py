"""Decides: pure functions over frozen values, and the cascade that joins them through ports."""
