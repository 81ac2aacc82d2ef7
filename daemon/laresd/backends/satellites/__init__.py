"""Ears and voices on other machines, reached by the Wyoming protocol."""

from laresd.backends.satellites.listener import SatelliteListener
from laresd.backends.satellites.satellite import RemoteSatellite

__all__ = ["RemoteSatellite", "SatelliteListener"]
