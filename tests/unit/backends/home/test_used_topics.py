"""Which topics are the home's own: answers of programs must not go there."""

from __future__ import annotations

import pytest

from laresd.backends.home.registry import Registry
from laresd.config import HomeNames
from laresd.demo.house import announcement, house


@pytest.fixture
def registry() -> Registry:
    registry = Registry(HomeNames())
    for thing in house():
        topic, payload = announcement(thing, "homeassistant")
        registry.announce(topic, payload.encode())
    return registry


@pytest.mark.parametrize(
    "topic",
    [
        "demo/desk_lamp/power",  # its state
        "demo/desk_lamp/power/set",  # its commands
        "demo/kitchen_light/set",  # of a device in Home Assistant's device form
        "demo/availability",
    ],
)
def test_what_a_device_speaks_or_listens_on_is_used(topic: str, registry: Registry) -> None:
    assert registry.uses(topic)


@pytest.mark.parametrize("topic", ["demo/desk_lamp", "asker/answers", "", "demo/+/power/set"])
def test_other_topics_are_not(topic: str, registry: Registry) -> None:
    assert not registry.uses(topic)


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        ("demo/desk_lamp/power/set", "Desk lamp"),
        ("demo/kitchen_light/set", "Kitchen light"),
        ("demo/desk_lamp/power", ""),  # its state
        ("asker/answers", ""),
    ],
)
def test_what_takes_commands_on_a_topic_has_a_name(
    topic: str, name: str, registry: Registry
) -> None:
    assert registry.commanded_on(topic).casefold() == name.casefold()
