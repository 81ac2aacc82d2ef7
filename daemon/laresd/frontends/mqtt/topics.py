"""The topics that requests come in on, and those that an answer may go to. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from laresd.errors import Refused
from laresd.frontends.mqtt.faults import BadRequest

MAX_TOPIC = 256  # bytes; MQTT allows 65535
MAX_LEVELS = 16
# By the documentation of Zigbee2MQTT, Homie, ESPHome, Tasmota, Shelly, WLED, Domoticz, zwave-js-ui
# and OpenMQTTGateway: how the topics end, or what is in them, that their devices take commands on.
_COMMANDS = frozenset({"set", "get", "command", "cmd", "rpc", "api", "in", "action", "config"})
_COMMAND_PARTS = frozenset({"cmnd", "request", "commands", "api"})


class Topics:
    """`base`: `<prefix>/<box>`, of this box."""

    def __init__(self, prefix: str, box: str, discovery_prefix: str) -> None:
        self._prefix = prefix
        self._discovery = discovery_prefix
        self.base = f"{prefix}/{box}"

    def filters(self, operations: Iterable[str]) -> list[str]:
        """Of all requests: `<base>/ask`, and `<base>/from/<client>/ask`."""
        return [f"{self.base}{way}/{name}" for name in operations for way in ("", "/from/+")]

    def request(self, topic: str) -> tuple[str, str]:
        """The operation, and the client where the topic names it: a broker's access list can see
        to it that nobody else writes there.
        """
        rest = topic.removeprefix(f"{self.base}/")
        if rest.startswith("from/"):
            _, client, rest = rest.split("/", 2)
            return rest, client
        return rest, ""

    def answer(self, number: str) -> str:
        """Where the answer goes unless the request names another topic."""
        return f"{self.base}/answer/{number}"

    def checked(self, topic: str, is_device: bool) -> str:
        """A response topic that Lares may publish on: with its rights, on a stranger's word.

        `is_device`: a device of the home is known to use it. Raises BadRequest or Refused.
        """
        size = len(topic.encode("utf-8", "replace"))
        levels = topic.split("/")
        if not topic or size > MAX_TOPIC or len(levels) > MAX_LEVELS:
            raise BadRequest(
                f"the response topic must have 1 to {MAX_TOPIC} bytes, {MAX_LEVELS} levels at most"
            )
        if set(topic) & set("+#") or not topic.isprintable() or topic.startswith("$"):
            raise BadRequest("the response topic has a wildcard, control character or $ in it")
        if is_device or self._is_command(levels) or self._is_reserved(topic):
            raise Refused(
                "the response topic is one that devices or Lares itself listen to",
                remedy=f"use one of your own, or none: then it is {self.base}/answer/<id>",
            )
        return topic

    def _is_command(self, levels: list[str]) -> bool:
        words = [level.casefold() for level in levels]
        return words[-1] in _COMMANDS or not _COMMAND_PARTS.isdisjoint(words)

    def _is_reserved(self, topic: str) -> bool:
        """Of any box, all but its answers; of Home Assistant, all that announces or tells of it."""
        if topic == self._discovery or topic.startswith(f"{self._discovery}/"):
            return True
        if topic != self._prefix and not topic.startswith(f"{self._prefix}/"):
            return False
        return topic[len(self._prefix) :].split("/")[2:3] != ["answer"]
