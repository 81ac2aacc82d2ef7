"""firmware-notes/home-assistant.md tells every entity, topic and setting that there is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from laresd.config import HomeAssistant
from laresd.frontends.home_assistant.announcement import Offer, Topics, components

DOCUMENT = Path(__file__).parents[4] / "firmware-notes" / "home-assistant.md"
ALL = Offer(
    microphone=True,
    voice=True,
    volume=True,
    texts=True,
    celsius=True,
    throttling=True,
    stalls=True,
    free=True,
    wear=True,
    price=True,
    language_model=True,
    models=("embedded",),
    restart=True,
)
COMPONENTS = components(Topics("", "homeassistant", "lares"), ALL)


@pytest.fixture(scope="module")
def told() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


def test_every_topic_is_told(told: str) -> None:
    topics = {
        str(topic).removeprefix("/")
        for component in COMPONENTS.values()
        for key, topic in component.items()
        if key.endswith("_topic")
    }
    assert {topic for topic in topics if f"`{topic}`" not in told} == set()


def test_every_entity_is_told(told: str) -> None:
    names = {str(component["name"]).partition(" (")[0] for component in COMPONENTS.values()}
    listed = {name.removeprefix("Answered by ").removeprefix("Answered ") for name in names}
    assert {name for name in listed if name not in told} == set()


def test_every_setting_is_told(told: str) -> None:
    names = [field.name for field in dataclasses.fields(HomeAssistant)]
    assert [name for name in names if f"{name} =" not in told] == []
