"""Lares as a device of Home Assistant, by MQTT discovery: its states, and what can be switched."""

from laresd.frontends.home_assistant.announcement import Energy
from laresd.frontends.home_assistant.ears import Ears
from laresd.frontends.home_assistant.figures import Vitals
from laresd.frontends.home_assistant.frontend import HomeAssistantFrontend, Means, Models
from laresd.frontends.home_assistant.overheard import Overheard

__all__ = ["Ears", "Energy", "HomeAssistantFrontend", "Means", "Models", "Overheard", "Vitals"]
