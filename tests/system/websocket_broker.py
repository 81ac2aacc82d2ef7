"""Speaks to a Mosquitto over websockets, and says "ok": `python -m tests.system.websocket_broker`.

Mosquitto binds a websockets listener to every address whatever its configuration says: run this in
a network namespace of its own that has only `lo`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from laresd.backends.broker.client import MqttBus
from laresd.errors import Temporary
from laresd.types import Message, Sent
from tests.contract.brokers import Mosquitto, free_port, running, settings, soon


async def check(folder: Path) -> None:
    port = free_port()
    lines = f"allow_anonymous true\nlistener {port}\nprotocol websockets"
    broker = Mosquitto(folder, lines)  # which does not start with websockets alone
    await broker.start()
    over = settings(port, transport="websockets")
    async with running(MqttBus(over, box="test", first_delay=0.05, longest_delay=0.5)) as bus:
        await bus.wait_connected(deadline=soon())
        feed = bus.subscribe("hello")
        for payload in (b"world", b"x" * 300_000):
            assert await bus.publish("hello", payload, correlation=b"7") is Sent.NOW
            assert await anext(feed) == Message("hello", payload, correlation=b"7")
        await broker.kill()
        try:
            while True:
                await bus.publish("hello", b"?")
                await asyncio.sleep(0.01)
        except Temporary:
            pass
        await broker.start()
        await bus.wait_connected(deadline=soon())
        await bus.publish("hello", b"again")
        while (await anext(feed)).payload != b"again":
            pass
    plain = MqttBus(settings(port), box="test")
    async with running(plain):
        try:
            await plain.wait_connected(deadline=asyncio.get_running_loop().time() + 1)
        except Temporary:
            pass
        else:
            raise AssertionError("a websockets listener took a plain connection")
    await broker.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(check(Path(name)))
    sys.stdout.write("ok\n")
