"""A home of many devices in a process of its own: `python -m tests.bench.many_devices --port 1883`.

Lamps and plugs of the demo home's kinds, each with a room in its name. It prints `ready` when all
are announced.
"""

from __future__ import annotations

import argparse
import signal
import sys

from laresd.demo.home import DemoHome
from laresd.demo.things import About, JsonLight, Switch, Thing, TopicLight

ROOMS = (
    "Attic", "Balcony", "Basement", "Bathroom", "Bedroom", "Cellar", "Conservatory", "Corridor",
    "Dining Room", "Garage", "Garden", "Guest Room", "Hallway", "Kitchen", "Laundry", "Library",
    "Living Room", "Nursery", "Office", "Workshop",
)  # fmt: skip
KINDS = (
    "ceiling light", "reading lamp", "floor lamp", "wall light", "desk lamp", "fairy lights",
    "coffee machine", "radio", "humidifier", "charger",
)  # fmt: skip
REPLY_S = 0.05  # what a Zigbee bulb takes to report its state


def names(count: int) -> list[tuple[str, str]]:
    """(name, room) of so many devices, no two alike."""
    every = [(f"{room} {kind}", room) for kind in KINDS for room in ROOMS]
    assert count <= len(every)
    return every[:count]


def things(count: int) -> list[Thing]:
    return [_thing(number, name, room) for number, (name, room) in enumerate(names(count))]


def _thing(number: int, name: str, room: str) -> Thing:
    about = About(f"many_{number}", name, room, "bench", REPLY_S, device_form=number % 4 == 0)
    if not name.endswith(("light", "lamp", "lights")):
        return Switch(about)
    return JsonLight(about) if number % 2 else TopicLight(about, parts=("power", "level"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Many simulated devices on an MQTT broker.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    home = DemoHome(
        "127.0.0.1",
        arguments.port,
        "homeassistant",
        lambda: print("ready", flush=True),
        things=things(arguments.count),
    )
    home.run()


if __name__ == "__main__":
    main()
