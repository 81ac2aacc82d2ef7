"""The demo home's process: `python -m laresd.demo.home --host 127.0.0.1 --port 1883`.

The only file that imports paho-mqtt. To see what Lares does when a device does not answer:

    mosquitto_pub -t demo/desk_lamp/silent -m on     (and off; retained works, too)

It prints one line when its devices are announced, and ends on SIGTERM, on Ctrl-C, and when its
parent process dies.
"""

from __future__ import annotations

import argparse
import ctypes
import heapq
import itertools
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from laresd.demo.house import AVAILABILITY, announcement, house
from laresd.demo.things import Step, Thing

PR_SET_PDEATHSIG = 1
IDLE = 15.0  # seconds that the loop sleeps when nothing is due
RETRY = 1.0
FAREWELL = 1.0


class DemoHome:
    """The devices on one MQTT connection that comes back by itself. Single-threaded."""

    def __init__(
        self,
        host: str,
        port: int,
        prefix: str,
        on_ready: Callable[[], None],
        *,
        withdraw: bool = False,
        things: Sequence[Thing] | None = None,
    ) -> None:
        """`withdraw`: when it ends, its devices are removed from the broker, not only offline.
        `things`: the devices, else those of `house`.
        """
        self._host, self._port, self._prefix = host, port, prefix
        self._withdraw = withdraw
        self._on_ready = on_ready
        self._things = {t.about.id: t for t in (house() if things is None else things)}
        self._silent: set[str] = set()
        self._due: list[tuple[float, int, str, Step]] = []
        self._order = itertools.count()
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="demo-home", reconnect_on_failure=False
        )
        self._client.will_set(AVAILABILITY, "offline", qos=1, retain=True)
        self._client.on_connect = self._connected
        self._client.on_message = self._message
        self._client.on_socket_open = _no_delay

    def run(self) -> None:
        """Serve until a signal raises SystemExit."""
        try:
            while True:
                self._serve()
                time.sleep(RETRY)
        finally:
            self._farewell()

    def _farewell(self) -> None:
        """Say that the home is gone, or remove all of it, and wait until the broker has it."""
        said = [self._client.publish(AVAILABILITY, "offline", qos=1, retain=True)]
        if self._withdraw:
            said += [self._client.publish(topic, b"", qos=1, retain=True) for topic in self._kept()]
        until = time.monotonic() + FAREWELL
        while time.monotonic() < until and not all(message.is_published() for message in said):
            if self._client.loop(timeout=0.05) != paho.MQTT_ERR_SUCCESS:
                break
        self._client.disconnect()

    def _kept(self) -> list[str]:
        """Every topic that the broker retains for this home."""
        kept = [AVAILABILITY]
        for thing in self._things.values():
            kept.append(announcement(thing, self._prefix)[0])
            kept.extend(topic for topic, _ in thing.report())
        return kept

    def _serve(self) -> None:
        """One connection, until it is lost or was never made."""
        try:
            self._client.connect(self._host, self._port, keepalive=30)
        except OSError:
            return
        while True:
            wait = self._due[0][0] - time.monotonic() if self._due else IDLE
            if self._client.loop(timeout=max(0.0, min(wait, IDLE))) != paho.MQTT_ERR_SUCCESS:
                return
            self._apply_due()

    def _connected(
        self,
        client: paho.Client,
        userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            sys.stderr.write(f"demo home: the broker refused: {reason}\n")
            return
        client.subscribe([("demo/+/set", 1), ("demo/+/+/set", 1), ("demo/+/silent", 1)])
        client.subscribe(f"{self._prefix}/status", 1)
        self._announce()
        self._on_ready()
        self._on_ready = _nothing

    def _announce(self) -> None:
        for thing in self._things.values():
            topic, payload = announcement(thing, self._prefix)
            self._client.publish(topic, payload, qos=1, retain=True)
        for thing in self._things.values():
            self._report(thing)
        self._client.publish(AVAILABILITY, "online", qos=1, retain=True)

    def _report(self, thing: Thing) -> None:
        for topic, payload in thing.report():
            self._client.publish(topic, payload, qos=1, retain=True)

    def _message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        payload = message.payload.decode(errors="replace")
        if message.topic == f"{self._prefix}/status":
            if payload == "online":
                self._announce()
            return
        name = message.topic.split("/")[1]
        thing = self._things.get(name)
        if thing is None:
            return
        if message.topic.endswith("/silent"):
            (self._silent.add if payload == "on" else self._silent.discard)(name)
            return
        if name in self._silent:
            return
        steps = thing.plan(message.topic, payload)
        if steps and thing.component == "cover":  # a new command ends the movement
            self._due = [item for item in self._due if item[2] != name]
            heapq.heapify(self._due)
        now = time.monotonic()
        for step in steps:
            heapq.heappush(self._due, (now + step.delay, next(self._order), name, step))

    def _apply_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            _, _, name, step = heapq.heappop(self._due)
            thing = self._things[name]
            thing.state.update(step.changes)
            self._report(thing)


def _no_delay(client: paho.Client, userdata: object, sock: object) -> None:
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def _nothing() -> None:
    pass


def main() -> None:
    parser = argparse.ArgumentParser(description="A simulated home on an MQTT broker.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--prefix", default="homeassistant", help="of the discovery topics")
    parser.add_argument("--withdraw", action="store_true", help="remove the devices at the end")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    home = DemoHome(
        arguments.host, arguments.port, arguments.prefix, _ready, withdraw=arguments.withdraw
    )
    home.run()


if __name__ == "__main__":
    main()
