"""Engines in supervised processes of their own, and the ports that they serve."""
