"""What entities say, in Lares' words, and what commands become. Attributes as in Home Assistant's
developer documentation, "Entities".
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.home_assistant import kinds
from laresd.backends.home_assistant.services import call
from laresd.errors import Permanent
from laresd.types import Action, Command, Json


@pytest.mark.parametrize(
    ("domain", "told", "features"),
    [
        ("light", {"supported_color_modes": ["onoff"]}, set()),
        ("light", {"supported_color_modes": ["brightness"]}, {"brightness"}),
        ("light", {"supported_color_modes": ["hs"]}, {"brightness", "rgb"}),
        ("light", {}, set()),
        ("cover", {"supported_features": 15}, {"position", "stop"}),
        ("cover", {"supported_features": 3}, set()),
        ("fan", {"supported_features": 1}, {"percentage"}),
        ("climate", {"supported_features": 1, "hvac_modes": ["heat"]}, {"temperature", "mode"}),
        ("media_player", {"supported_features": 4}, {"volume"}),
        ("switch", {"supported_features": 15}, set()),
    ],
)
def test_features_follow_from_what_home_assistant_tells(
    domain: str, told: dict[str, Json], features: set[str]
) -> None:
    assert kinds.features(domain, told) == features


@pytest.mark.parametrize(
    ("domain", "told", "known"),
    [
        ("light", {"brightness": 255}, {"brightness_pct": 100}),
        ("light", {"brightness": 1}, {"brightness_pct": 1}),
        ("light", {"brightness": None, "rgb_color": None}, {}),
        ("light", {"rgb_color": [255, 0, 10]}, {"rgb": [255, 0, 10]}),
        ("light", {"color_temp_kelvin": 2700}, {"color_temp_k": 2700}),
        ("cover", {"current_position": 40}, {"position": 40}),
        ("cover", {"current_tilt_position": 40}, {"tilt": 40}),
        ("climate", {"temperature": 21.5, "current_temperature": "?"}, {"temperature": 21.5}),
        ("climate", {"preset_mode": "eco"}, {"preset_mode": "eco"}),
        ("fan", {"percentage": 30, "preset_mode": None}, {"percentage": 30}),
        ("media_player", {"volume_level": 0.35}, {"volume_pct": 35}),
        ("media_player", {"is_volume_muted": True}, {"muted": True}),
    ],
)
def test_attributes_are_told_in_percent_and_kelvin(
    domain: str, told: dict[str, Json], known: dict[str, Json]
) -> None:
    assert kinds.attributes(domain, told) == known


@pytest.mark.parametrize(
    ("entity_id", "command", "params", "service", "data"),
    [
        ("light.a", Command.TURN_ON, {"rgb": [1, 2, 3]}, "turn_on", {"rgb_color": [1, 2, 3]}),
        ("light.a", Command.TURN_ON, {"color_temp_k": 9}, "turn_on", {"color_temp_kelvin": 9}),
        ("cover.a", Command.OPEN, {}, "open_cover", {}),
        ("cover.a", Command.SET_POSITION, {"position": 3}, "set_cover_position", {"position": 3}),
        ("valve.a", Command.CLOSE, {}, "close_valve", {}),
        ("climate.a", Command.SET_MODE, {"mode": "heat"}, "set_hvac_mode", {"hvac_mode": "heat"}),
        ("cover.a", Command.SET_TILT, {"tilt": 3}, "set_cover_tilt_position", {"tilt_position": 3}),
        ("climate.a", Command.SET_MODE, {"mode": "eco"}, "set_preset_mode", {"preset_mode": "eco"}),
        ("fan.a", Command.SET_MODE, {"mode": "auto"}, "set_preset_mode", {"preset_mode": "auto"}),
        ("humidifier.a", Command.SET_MODE, {"mode": "auto"}, "set_mode", {"mode": "auto"}),
        ("media_player.a", Command.SET_VOLUME, {"volume_pct": 35}, "volume_set",
         {"volume_level": 0.35}),
        ("media_player.a", Command.UNMUTE, {}, "volume_mute", {"is_volume_muted": False}),
        ("media_player.a", Command.PAUSE, {}, "media_pause", {}),
        ("vacuum.a", Command.DOCK, {}, "return_to_base", {}),
        ("scene.a", Command.ACTIVATE, {}, "turn_on", {}),
        ("fan.a", Command.SET_SPEED, {"percentage": 50}, "set_percentage", {"percentage": 50}),
    ],
)  # fmt: skip
def test_each_command_is_a_service_of_its_domain(
    entity_id: str, command: Command, params: dict[str, Json], service: str, data: dict[str, Json]
) -> None:
    made = call(Action(entity_id, command, params))
    assert (made.domain, made.service) == (entity_id.partition(".")[0], service)
    assert made.data == {"entity_id": entity_id, **data}


@pytest.mark.parametrize("command", [Command.OPEN, Command.DOCK, Command.SET_POSITION])
def test_what_home_assistant_has_no_service_for_is_refused(command: Command) -> None:
    with pytest.raises(Permanent, match="cannot"):
        call(Action("light.a", command))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["brightness", "rgb_color", "supported_color_modes", "supported_features", "hvac_modes",
     "preset_modes", "volume_level", "current_position", "temperature", "min_temp", "options"]
)  # fmt: skip


@given(st.sampled_from(sorted(kinds.DOMAINS)), st.dictionaries(KEYS, JSON))
def test_whatever_an_integration_tells_nothing_breaks(domain: str, told: dict[str, Json]) -> None:
    kinds.attributes(domain, told)
    kinds.options(domain, told)
    kinds.limits(domain, told)
    assert kinds.reports(domain, told) <= {
        "brightness_pct", "rgb", "color_temp_k", "position", "tilt", "percentage", "temperature",
        "volume_pct",
    }  # fmt: skip
