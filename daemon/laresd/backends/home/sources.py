"""Everything that tells of devices on a broker, by topic: one reader for each format."""

from __future__ import annotations

from collections.abc import Callable

from laresd.backends.home import discovery
from laresd.backends.home.discovery import Announcement
from laresd.backends.home.frigate import Frigate
from laresd.backends.home.tasmota import Tasmota
from laresd.backends.home.zigbee2mqtt import Zigbee2Mqtt
from laresd.config import HomeNames

Read = Callable[[str, bytes], Announcement]


class Sources:
    """`filters` to subscribe; `read` what comes in on them."""

    def __init__(self, prefix: str, settings: HomeNames) -> None:
        self._prefix = prefix
        self._exact: dict[str, Read] = {}
        self._below: dict[tuple[str, int], Read] = {}  # by the topic before so many levels
        self.filters: tuple[str, ...] = discovery.filters(prefix)
        for base in settings.zigbee2mqtt:
            bridge = Zigbee2Mqtt(base)
            self._exact |= dict.fromkeys(bridge.filters, bridge.read)
            self.filters += bridge.filters
        if settings.tasmota:
            devices = Tasmota(settings.tasmota)
            self._below[settings.tasmota, 2] = devices.read
            self.filters += devices.filters
        if settings.frigate:
            cameras = Frigate(settings.frigate)
            self._below[settings.frigate, 3] = cameras.read
            self.filters += cameras.filters

    def read(self, topic: str, payload: bytes) -> Announcement:
        """Raises Permanent, in words for a person, for what is no announcement."""
        read = self._exact.get(topic)
        for levels in (2, 3):
            read = read or self._below.get((topic.rsplit("/", levels)[0], levels))
        if read is not None:
            return read(topic, payload)
        return discovery.parse(topic, payload, self._prefix)
