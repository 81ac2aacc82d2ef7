"""Wyoming, served: the box's ears, voice and commands for others, and this machine as a satellite.

The protocol: README of OHF-Voice/wyoming. It has no authentication.
"""

from laresd.frontends.wyoming.dialog import Dialogs
from laresd.frontends.wyoming.doors import Connection, Doors, Limits
from laresd.frontends.wyoming.info import Offer, Offered
from laresd.frontends.wyoming.satellite import SatelliteRole
from laresd.frontends.wyoming.services import Services
from laresd.frontends.wyoming.stdio import serve_stdio

__all__ = [
    "Connection",
    "Dialogs",
    "Doors",
    "Limits",
    "Offer",
    "Offered",
    "SatelliteRole",
    "Services",
    "serve_stdio",
]
