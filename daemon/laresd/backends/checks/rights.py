"""What the broker's access list lets this box do, by doing it: a broker may keep its refusals to
itself. Nothing is retained; whoever reads these topics passes over what is published here.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from laresd.backends.broker.connection import Broken, Connection, cause, dial
from laresd.backends.broker.messages import Outgoing
from laresd.backends.checks.finding import Finding, fail, ok, warn
from laresd.config import Config
from laresd.errors import LaresError, Permanent

ECHO_S = 2.0  # for what is published to come back
CONNECTED_S = 10.0


@dataclass(frozen=True, slots=True)
class _Probe:
    """A topic that stands for others, what is published on it, and what suffers without it."""

    topic: str
    payload: bytes
    allow: str  # the filter that the access list should have
    without: str
    needed: Callable[[str, str, str], Finding] = fail
    writes: bool = True  # whether Lares publishes there at all


def rights(config: Config) -> list[Finding]:
    """A finding for each of the places where it may not publish or read, or one that all is well;
    none where the broker cannot be reached at all, which `broker.reachable` tells.
    """
    found = asyncio.run(_tried(config))
    if found is None:
        return []
    bad = [finding for finding in found if finding is not None]
    who = config.mqtt.username or "everybody"
    return bad or [ok("broker", f"it lets {who} publish and read where Lares must")]


def _probes(config: Config) -> list[_Probe]:
    mqtt, box = config.mqtt, config.box.name
    word = secrets.token_hex(8).encode()
    announces = config.home_assistant.announce
    return [
        _Probe(f"{mqtt.prefix}/{box}/doctor", word, f"{mqtt.prefix}/{box}/#", "nobody can ask it"),
        _Probe(
            f"{mqtt.prefix}/wake/claim",
            word,  # no claim: other boxes pass over it
            f"{mqtt.prefix}/wake/claim",
            "several boxes would all answer one wake word",
            warn,
        ),
        _Probe(
            f"{mqtt.discovery_prefix}/device/lares_{box}_doctor/config",
            b"",  # "there is no such device"
            f"{mqtt.discovery_prefix}/#",
            "devices are not learned, or Home Assistant does not see this box",
            fail if announces else warn,
            writes=announces,
        ),
    ]


async def _tried(config: Config) -> list[Finding | None] | None:
    """With MQTT 5 first, which tells more. None: there is no connection."""
    for mqtt5 in (True, False):
        try:
            async with asyncio.timeout(CONNECTED_S):
                connection = await dial(config.mqtt, identifier="lares-doctor", mqtt5=mqtt5)
                await connection.__aenter__()
        except (TimeoutError, LaresError):
            return None
        except Broken as error:
            cause(error)
            connection.hang_up()
            continue
        try:
            return [await _probed(connection, probe) for probe in _probes(config)]
        except Broken as error:
            cause(error)
            return None
        finally:
            await _closed(connection)
    return None


async def _closed(connection: Connection) -> None:
    try:
        await connection.__aexit__(None, None, None)
    except Broken as error:
        cause(error)


async def _probed(connection: Connection, probe: _Probe) -> Finding | None:
    """What is wrong there; None: nothing."""
    if not await connection.subscribe(probe.topic, with_retained=False):
        return _denied(probe, "read")
    try:
        await connection.publish(Outgoing(probe.topic, probe.payload))
    except Permanent:
        return _denied(probe, "publish on") if probe.writes else None
    except LaresError as error:
        return fail("broker", str(error), "look at the broker's log")
    try:
        async with asyncio.timeout(ECHO_S):
            async for message in connection.messages():
                if message.topic == probe.topic and message.payload == probe.payload:
                    return None
    except TimeoutError:
        pass
    return _denied(probe, "read" if connection.mqtt5 else "publish on, or read,")


def _denied(probe: _Probe, what: str) -> Finding:
    return probe.needed(
        "broker",
        f"this box may not {what} {probe.allow}: {probe.without}",
        f"let it (in Mosquitto's acl_file: topic readwrite {probe.allow})",
    )
