"""The embedded broker's own process: `python -m laresd.backends.broker.embedded_process`.

The only file that imports amqtt. It prints the port that it listens on as one line and ends on
SIGTERM, on SIGINT, or when its standard input closes (that is, when its parent is gone).
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import logging
import signal
import sys
import warnings

import amqtt.adapters
import amqtt.broker

LISTENER = "default"
PLUGINS = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}


HEAD = 9  # bytes of CONNECT that hold the protocol level when its length takes one byte
REFUSE_VERSION = b"\x20\x02\x00\x01"  # CONNACK: unacceptable protocol version


class Replayed(amqtt.adapters.StreamReaderAdapter):
    """A stream whose first bytes were read already."""

    def __init__(self, head: bytes, reader: asyncio.StreamReader) -> None:
        super().__init__(reader)
        self._head = head

    async def read(self, n: int = -1) -> bytes:
        if not self._head or n < 0:
            return bytes(await super().read(n))
        taken, self._head = self._head[:n], self._head[n:]
        return taken + bytes(await super().read(n - len(taken)) if len(taken) < n else b"")


def level(head: bytes) -> int:
    """The protocol level in the first bytes of CONNECT; 0 where they are something else."""
    at = head.find(b"\x00\x04MQTT", 2, 11)
    return head[at + 6] if head[:1] == b"\x10" and at > 0 else 0


async def connected(
    broker: amqtt.broker.Broker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """amqtt says nothing to a client that speaks MQTT 5, which then waits in vain: answer it."""
    try:
        async with asyncio.timeout(10):
            head = await reader.readexactly(HEAD)
            if head[1] & 0x80:
                head += await reader.readexactly(2 if head[2] & 0x80 == 0 else 4)
    except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
        writer.close()
        return
    if level(head) > 4:
        writer.write(REFUSE_VERSION)
        writer.close()
        return
    await broker.external_connected(
        Replayed(head, reader), amqtt.adapters.StreamWriterAdapter(writer), LISTENER
    )


async def serve(host: str, port: int) -> None:
    """A broker on host:port (0: a free one) until a signal or end of standard input.

    Retained messages are kept in memory. The socket is ours, because amqtt doesn't tell which
    port it got; asyncio sets TCP_NODELAY on it.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = amqtt.broker.Broker(
        {"listeners": {LISTENER: {"type": "external"}}, "plugins": PLUGINS},
    )
    await broker.start()
    server = await asyncio.start_server(functools.partial(connected, broker), host, port)
    loop.add_reader(sys.stdin, stop.set)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await stop.wait()
    loop.remove_reader(sys.stdin)
    server.close()
    await broker.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    warnings.simplefilter("ignore")
    asyncio.run(serve(arguments.host, arguments.port))


if __name__ == "__main__":
    main()
