"""The discovery message: one device, only what is there, and nothing that Lares itself controls."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

from laresd.backends.home.registry import Registry
from laresd.config import HomeNames
from laresd.frontends.home_assistant.announcement import (
    SOURCES,
    Energy,
    Offer,
    Topics,
    announcement,
)

TOPICS = Topics("lares/attic", "homeassistant", "attic")
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
    energy=Energy.MEASURED,
    language_model=True,
    models=("embedded", "ministral"),
    restart=True,
)


def payload(offer: Offer, *, area: str = "") -> dict[str, object]:
    read = json.loads(announcement(TOPICS, offer, area=area, version="9.9"))
    assert isinstance(read, dict)
    return read


def components_of(offer: Offer) -> dict[str, dict[str, object]]:
    components = payload(offer)["cmps"]
    assert isinstance(components, dict)
    return components


def shown(offer: Offer) -> set[str]:
    """The components that are there; the others are their platform alone."""
    return {name for name, item in components_of(offer).items() if set(item) != {"p"}}


def test_it_names_the_device_its_room_and_where_the_message_is_from() -> None:
    read = payload(ALL, area="Attic")
    device = read["dev"]
    assert isinstance(device, dict)
    assert device["identifiers"] == ["lares_attic"]
    assert (device["name"], device["suggested_area"]) == ("Lares attic", "Attic")
    assert read["o"] == {"name": "Lares", "sw": "9.9"}
    assert read["availability_topic"] == "lares/attic/availability"
    assert TOPICS.announcement == "homeassistant/device/lares_attic/config"


def test_every_component_has_a_platform_and_an_id_that_no_other_box_has() -> None:
    components = components_of(ALL)
    assert all(item["p"] for item in components.values())
    assert [item["unique_id"] for item in components.values()] == [
        f"lares_attic_{name}" for name in components
    ]


def test_a_box_with_nothing_shows_its_figures_alone() -> None:
    answers = {f"answers_{source}" for source in SOURCES} - {"answers_llm", "answers_host"}
    assert shown(Offer()) == answers | {
        "latency",
        "power",
        "energy",
        "answer_energy",
        "update",
    }


@pytest.mark.parametrize(
    ("missing", "gone"),
    [
        (
            replace(ALL, microphone=False),
            {"listening", "mute", "wake", "false_wakes", "rejected_wakes"},
        ),
        (replace(ALL, voice=False), {"say"}),
        (replace(ALL, texts=False), {"heard", "reply"}),
        (replace(ALL, celsius=False), {"temperature"}),
        (replace(ALL, throttling=False), {"throttled"}),
        (replace(ALL, stalls=False), {"memory_stall"}),
        (replace(ALL, free=False), {"free_disk"}),
        (replace(ALL, wear=False), {"storage_wear"}),
        (replace(ALL, price=False), {"answer_cost"}),
        (
            replace(ALL, language_model=False),
            {"model", "speed", "answers_llm", "answers_host"},
        ),
        (replace(ALL, models=()), {"next_model"}),
        (replace(ALL, restart=False), {"restart"}),
    ],
)
def test_what_the_box_lacks_is_removed_from_home_assistant(missing: Offer, gone: set[str]) -> None:
    assert shown(ALL) - shown(missing) == gone
    components = components_of(missing)
    assert all(set(components[name]) == {"p"} for name in gone)


def test_the_name_of_the_energy_says_whether_it_is_measured() -> None:
    for energy in Energy:
        components = components_of(replace(ALL, energy=energy))
        for name in ("power", "energy", "answer_energy"):
            assert str(components[name]["name"]).endswith(f"({energy})")


def test_state_topics_and_command_topics_are_those_of_the_box() -> None:
    topics = [
        topic
        for item in components_of(ALL).values()
        for key, topic in item.items()
        if key.endswith("_topic")
    ]
    assert all(
        str(topic).startswith(("lares/attic/state/", "lares/attic/set/")) for topic in topics
    )


def test_nothing_is_sent_to_the_box_that_a_broker_would_keep_for_it() -> None:
    """A restart or a sentence that waits in a persistent session would be done late."""
    for item in components_of(ALL).values():
        assert not {"qos", "retain"} & set(item)


@pytest.mark.parametrize("offer", [ALL, Offer()])
def test_lares_does_not_learn_itself_as_a_device(offer: Offer) -> None:
    registry = Registry(HomeNames())
    announced = announcement(TOPICS, offer, area="Attic", version="9.9")
    registry.announce(TOPICS.announcement, announced.encode())
    assert not registry.home().entities


def test_topics_that_are_cleared_are_all_that_is_retained() -> None:
    retained = {
        str(topic)
        for item in components_of(replace(ALL, texts=False)).values()
        for key, topic in item.items()
        if key == "state_topic" and item["p"] != "event"
    }
    assert retained | {TOPICS.announcement} == set(TOPICS.kept)


def test_two_boxes_never_share_a_topic() -> None:
    boxes = [Topics(f"lares/{name}", "homeassistant", name) for name in ("attic", "cellar")]
    for one, other in itertools.pairwise(boxes):
        assert not set(one.kept) & set(other.kept)
