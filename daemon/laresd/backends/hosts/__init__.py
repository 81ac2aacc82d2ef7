"""Engines on other machines of the LAN."""
