"""The request API over MQTT. Its topics, payloads and answers: firmware-notes/mqtt-api.md."""

from laresd.frontends.mqtt.addressed import Addressed
from laresd.frontends.mqtt.frontend import MqttFrontend
from laresd.frontends.mqtt.operations import Services
from laresd.frontends.mqtt.wake import WakeArbiter

__all__ = ["Addressed", "MqttFrontend", "Services", "WakeArbiter"]
