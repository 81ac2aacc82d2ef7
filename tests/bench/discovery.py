"""`make bench-discovery`: a house of 2000 retained announcements on a real Mosquitto.

Measures from the start of the part that learns until every entity is known, and until the house
counts as settled (all states in, and a quiet moment); the longest that the event loop gave nobody
else a turn; and the memory that it takes. The house is made here: lights, sensors that share one
topic, switches, covers, climates and devices in device form, in the shapes that Zigbee2MQTT,
ESPHome and Tasmota announce.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from laresd.backends.broker.client import MqttBus
from laresd.backends.home.devices import MqttDevices
from laresd.config import HomeNames, Mqtt
from laresd.types import Json
from tests.bench.results import Row, record
from tests.contract.brokers import Mosquitto

COMMAND = "make bench-discovery"
ANNOUNCEMENTS = 2000
ROUNDS = 5
ROOMS = ("Kitchen", "Living Room", "Bedroom", "Bath", "Hallway", "Office", "Attic", "Cellar")
LIMIT_S = 120.0
TICK_S = 0.001

Message = tuple[str, Json]


def house(count: int) -> Iterator[Message]:
    """`count` announcements, and the retained states of their devices."""
    kinds = (_light, _sensors, _switch, _cover, _climate, _device)
    made = number = 0
    while made < count:
        for topic, body in kinds[number % len(kinds)](number):
            announces = topic.startswith("homeassistant/")
            made += announces
            if not announces or made <= count:
                yield topic, body
        number += 1


def entities(count: int) -> int:
    """How many entities these announcements are: the device form has three each."""
    heads = [topic for topic, _ in house(count) if topic.startswith("homeassistant/")]
    return len(heads) + 2 * sum(topic.startswith("homeassistant/device/") for topic in heads)


def _about(number: int, name: str) -> dict[str, Json]:
    room = ROOMS[number % len(ROOMS)]
    ids: list[Json] = [f"bench_{number}"]
    return {"identifiers": ids, "name": f"{room} {name} {number}", "suggested_area": room}


def _light(number: int) -> Iterator[Message]:
    topic = f"zigbee2mqtt/light_{number}"
    yield (
        f"homeassistant/light/0x{number:016x}/light/config",
        {
            "availability": [
                {"topic": "zigbee2mqtt/bridge/state", "value_template": "{{ value_json.state }}"},
                {"topic": f"{topic}/availability", "value_template": "{{ value_json.state }}"},
            ],
            **{"availability_mode": "all", "brightness": True, "brightness_scale": 254},
            **{"command_topic": f"{topic}/set", "state_topic": topic, "schema": "json"},
            **{"device": _about(number, "lamp"), "name": None},
            "supported_color_modes": ["xy", "color_temp"],
            "unique_id": f"{number}_light",
        },
    )
    yield topic, {"state": "ON", "brightness": 120, "color_mode": "color_temp", "color_temp": 300}
    yield f"{topic}/availability", {"state": "online"}


def _sensors(number: int) -> Iterator[Message]:
    topic = f"zigbee2mqtt/sensor_{number}"
    for kind, unit in (("temperature", "°C"), ("humidity", "%"), ("pressure", "hPa")):
        yield (
            f"homeassistant/sensor/0x{number:016x}/{kind}/config",
            {
                **{"device": _about(number, "sensor"), "device_class": kind},
                **{"state_topic": topic, "unit_of_measurement": unit},
                "unique_id": f"{number}_{kind}",
                "value_template": f"{{{{ value_json.{kind} }}}}",
            },
        )
    yield topic, {"temperature": 21.4, "humidity": 40.2, "pressure": 1013}


def _switch(number: int) -> Iterator[Message]:
    yield (
        f"homeassistant/switch/{number:06X}_RL_1/config",
        {
            **{"~": f"tasmota_{number}/", "name": None, "dev": _about(number, "plug")},
            **{"cmd_t": "~cmnd/POWER", "stat_t": "~tele/STATE", "avty_t": "~tele/LWT"},
            **{"pl_avail": "Online", "pl_not_avail": "Offline", "uniq_id": f"{number}_RL_1"},
            "val_tpl": "{{value_json.POWER | default(value_json.POWER1)}}",
        },
    )
    yield f"tasmota_{number}/tele/STATE", {"POWER": "ON"}
    yield f"tasmota_{number}/tele/LWT", "Online"


def _cover(number: int) -> Iterator[Message]:
    base = f"esp_{number}/cover/blind"
    yield (
        f"homeassistant/cover/esp_{number}/blind/config",
        {
            **{"cmd_t": f"{base}/command", "stat_t": f"{base}/state", "dev_cla": "blind"},
            **{"pos_t": f"{base}/position/state", "set_pos_t": f"{base}/position/command"},
            **{"avty_t": f"esp_{number}/status", "dev": _about(number, "blind"), "name": "Blind"},
            "uniq_id": f"{number}_cover",
        },
    )
    yield f"{base}/state", "open"
    yield f"{base}/position/state", "70"


def _climate(number: int) -> Iterator[Message]:
    topic = f"zigbee2mqtt/radiator_{number}"
    parts = ("mode", "temperature", "current_temperature")
    keys = ("system_mode", "occupied_heating_setpoint", "local_temperature")
    told: dict[str, Json] = {}
    for part, key in zip(parts, keys, strict=True):
        end = "" if part.startswith("current") else "_state"
        told |= {
            f"{part}{end}_topic": topic,
            f"{part}{end}_template": f"{{{{ value_json.{key} }}}}",
        }
    yield (
        f"homeassistant/climate/0x{number:016x}/climate/config",
        {
            **told,
            **{"device": _about(number, "radiator"), "name": None, "modes": ["off", "heat"]},
            **{"mode_command_topic": f"{topic}/set", "temperature_command_topic": f"{topic}/set"},
            "mode_command_template": '{"system_mode": "{{ value }}"}',
            "temperature_command_template": '{"occupied_heating_setpoint": {{ value }} }',
            "unique_id": f"{number}_climate",
        },
    )
    yield topic, {"system_mode": "heat", "occupied_heating_setpoint": 21, "local_temperature": 20.5}


def _device(number: int) -> Iterator[Message]:
    base = f"box_{number}"
    yield (
        f"homeassistant/device/box_{number}/config",
        {
            **{"dev": _about(number, "box"), "o": {"name": "bench"}, "~": base},
            **{"state_topic": "~/state", "avty_t": "~/online"},
            "cmps": {
                "pump": {
                    **{"p": "switch", "name": "pump", "cmd_t": "~/pump/set"},
                    **{"val_tpl": "{{ value_json.pump }}", "uniq_id": f"{number}_pump"},
                },
                "level": {
                    **{"p": "sensor", "name": "level", "unit_of_meas": "%"},
                    "val_tpl": "{{ value_json.level | float | round(1) }}",
                    "uniq_id": f"{number}_level",
                },
                "leak": {
                    **{"p": "binary_sensor", "name": "leak", "dev_cla": "moisture"},
                    **{"val_tpl": "{{ value_json.leak }}", "uniq_id": f"{number}_leak"},
                },
            },
        },
    )
    yield f"{base}/state", {"pump": "OFF", "level": "61.27", "leak": "OFF"}


async def fill(port: int, count: int) -> None:
    """Put the house on the broker, retained."""
    bus = MqttBus(Mqtt(port=port), box="bench-house")
    async with bus, asyncio.TaskGroup() as group:
        task = group.create_task(bus.run())
        await bus.wait_connected(deadline=asyncio.get_running_loop().time() + LIMIT_S)
        gate = asyncio.Semaphore(50)

        async def put(topic: str, body: Json) -> None:
            async with gate:
                text = body if isinstance(body, str) else json.dumps(body)
                await bus.publish(topic, text, retain=True)

        async with asyncio.TaskGroup() as puts:
            for topic, body in house(count):
                puts.create_task(put(topic, body))
        task.cancel()


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize() / 1e6


class Lag:
    """The longest that a task which wants to run every millisecond had to wait beyond that."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(TICK_S)
            self.worst = max(self.worst, loop.time() - before - TICK_S)


async def learn(port: int, wanted: int) -> dict[str, float]:
    """In a process of its own: learn the house that is on the broker."""
    loop, lag = asyncio.get_running_loop(), Lag()
    bus = MqttBus(Mqtt(port=port), box="bench")
    devices = MqttDevices(bus, discovery_prefix="homeassistant", names=HomeNames(), echo_timeout=3)
    before = resident_mb()
    began = loop.time()
    cpu = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    async with bus, devices, asyncio.TaskGroup() as group:
        tasks = [group.create_task(run) for run in (bus.run(), devices.run(), lag.run())]
        async with asyncio.timeout(LIMIT_S):
            home = devices.home()
            while len(home.entities) < wanted:
                await asyncio.sleep(0.02)
                home = devices.home()
            known = loop.time() - began
            assert await devices.settled(deadline=loop.time() + LIMIT_S)
        settled = loop.time() - began
        spent = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - cpu
        unknown = sum(state.state == "unknown" for state in devices.home().states.values())
        for task in tasks:
            task.cancel()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {
        "known_s": known,
        "settled_s": settled,
        "lag_ms": 1000 * lag.worst,
        "cpu_s": spent,
        "peak_mb": peak,
        "more_mb": peak - before,
        "unknown": unknown,
    }


def rounds(port: int, count: int, times: int) -> list[dict[str, float]]:
    results = []
    for _ in range(times):
        command = [sys.executable, "-m", "tests.bench.discovery", "--learn", str(port)]
        done = subprocess.run(
            [*command, "--count", str(count)], check=True, capture_output=True, text=True
        )
        results.append(json.loads(done.stdout))
        print(json.dumps(results[-1]), file=sys.stderr)
    return results


async def storm(count: int, times: int) -> list[dict[str, float]]:
    """Median and worst need several starts, each in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        settings = "allow_anonymous true\nmax_queued_messages 0"
        broker = Mosquitto(Path(folder), settings)
        await broker.start()
        try:
            await fill(broker.port, count)
            return await asyncio.to_thread(rounds, broker.port, count, times)
        finally:
            await broker.stop()


def median(results: list[dict[str, float]], key: str) -> float:
    values = sorted(item[key] for item in results)
    return values[len(values) // 2]


def rows(results: list[dict[str, float]], before: dict[str, float]) -> list[Row]:
    count = f"{ANNOUNCEMENTS} announcements, {entities(ANNOUNCEMENTS)} entities, real Mosquitto"
    each = f"median of {len(results)} starts"
    worst = max(item["lag_ms"] for item in results)

    def row(key: str, name: str, goal: str, note: str = "") -> Row:
        value = max(item[key] for item in results) if key == "lag_ms" else median(results, key)
        peer = f"before this work: {before[key]:.3g}" if key in before else ""
        return Row(f"home/{name}", round(value, 2), goal, COMMAND, peer, note)

    return [
        row("known_s", "discovery_2000_known_s", "<=5", f"{count}; {each}"),
        row("settled_s", "discovery_2000_settled_s", "", "0.4 s of quiet included"),
        row("cpu_s", "discovery_2000_cpu_s", ""),
        row("lag_ms", "discovery_2000_longest_block_ms", "<=50", f"worst of all: {worst:.0f}"),
        row("peak_mb", "discovery_2000_peak_mb", "", "of the process that learns, Python included"),
        row("more_mb", "discovery_2000_more_mb", "<=64", "beyond the process before it learned"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learn", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=ANNOUNCEMENTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--before", default="{}", help="figures to stand beside, as JSON")
    parser.add_argument("--dry", action="store_true", help="print, record nothing")
    args = parser.parse_args()
    if args.learn:
        print(json.dumps(asyncio.run(learn(args.learn, entities(args.count)))))
        return
    results = asyncio.run(storm(args.count, args.rounds))
    if not args.dry:
        record(rows(results, json.loads(args.before)))


if __name__ == "__main__":
    main()
