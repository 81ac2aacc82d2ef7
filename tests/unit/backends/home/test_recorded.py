"""What comes out of the retained trees of real projects, and what goes back to their devices.

The trees are tests/recorded/*.json, each with the page that its format was written from.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from laresd.ports import Subscription
from laresd.types import Command, Status
from tests.fakes.recorded import PROJECTS, House, house, tree
from tests.fakes.virtual_time import virtual_time

C = Command
# entity id: (name, area, features, state, attributes)
Row = tuple[str, str | None, set[str], str, dict[str, Any]]
HOMES: Mapping[str, Mapping[str, Row]] = {
    "esphome": {
        "alarm_control_panel.attic_house_alarm": (
            *("Attic House Alarm", "Attic", {"mode"}, "disarmed", {}),
        ),
        "binary_sensor.attic_motion": ("Attic Motion", "Attic", set(), "off", {}),
        "climate.attic_heater": (
            *("Attic Heater", "Attic", {"mode", "temperature"}, "heat"),
            {"temperature": 21.0, "current_temperature": 19.7, "action": "heating"},
        ),
        "cover.garage_door": (
            *("Garage Door", None, {"position", "stop", "tilt"}, "closed", {"position": 0}),
        ),
        "fan.attic_vent": ("Attic Vent", "Attic", {"percentage"}, "on", {"percentage": 75}),
        "light.attic_reading_lamp": (
            *("Attic Reading Lamp", "Attic", {"brightness", "color_temp"}, "on"),
            {"brightness_pct": 100, "color_temp_k": 4000},
        ),
        "number.attic_speaker_volume": ("Attic Speaker Volume", "Attic", set(), "4", {}),
        "select.attic_program": ("Attic Program", "Attic", set(), "Normal", {}),
    },
    "frigate": {
        "binary_sensor.driveway_camera_car": ("driveway camera car", None, set(), "unknown", {}),
        "binary_sensor.driveway_camera_motion": (
            *("driveway camera motion", None, set(), "unknown", {}),
        ),
        "binary_sensor.driveway_camera_person": (
            *("driveway camera person", None, set(), "unknown", {}),
        ),
        "binary_sensor.front_door_camera_car": (
            *("front door camera car", None, set(), "unknown", {}),
        ),
        "binary_sensor.front_door_camera_motion": (
            *("front door camera motion", None, set(), "unknown", {}),
        ),
        "binary_sensor.front_door_camera_person": (
            *("front door camera person", None, set(), "unknown", {}),
        ),
        "switch.driveway_camera_detection": ("driveway camera detection", None, set(), "off", {}),
        "switch.driveway_camera_recordings": ("driveway camera recordings", None, set(), "on", {}),
        "switch.front_door_camera": ("front door camera", None, set(), "on", {}),
        "switch.front_door_camera_detection": (
            *("front door camera detection", None, set(), "on", {}),
        ),
        "switch.front_door_camera_recordings": (
            *("front door camera recordings", None, set(), "off", {}),
        ),
        "switch.front_door_camera_snapshots": (
            *("front door camera snapshots", None, set(), "on", {}),
        ),
    },
    "rtl_433": {
        "binary_sensor.govee_water_9876_leak": ("Govee-Water-9876 Leak", None, set(), "off", {}),
        "sensor.acurite_tower_a_12345_temperature": (
            *("Acurite-Tower-A-12345 Temperature", None, set(), "7.4", {}),
        ),
    },
    "shelly": {
        "cover.kitchen_shutter": (
            *("Kitchen shutter", "Kitchen", {"position", "stop"}, "closed"),
            {"position": 0, "stopped": True},
        ),
        "sensor.dishwasher_power": ("Dishwasher power", "Kitchen", set(), "8.9", {}),
        "switch.boiler": ("Boiler", "Cellar", set(), "on", {}),
        "switch.dishwasher": ("Dishwasher", "Kitchen", set(), "on", {}),
    },
    "tasmota-discovery": {
        "light.shelf": (
            *("Shelf", None, {"brightness", "color_temp", "rgb"}, "on"),
            {"brightness_pct": 40, "rgb": [255, 0, 0], "color_temp_k": 4000},
        ),
        "sensor.coffee_machine_energy_power": ("Coffee machine ENERGY Power", None, set(), "3", {}),
        "switch.coffee_machine": ("Coffee machine", None, set(), "off", {}),
    },
    "tasmota-native": {
        "binary_sensor.terrace_wind": ("Terrace Wind", None, set(), "on", {}),
        "cover.terrace": (
            *("Terrace", None, {"position", "stop"}, "closed", {"position": 0, "stopped": True}),
        ),
        "fan.bedroom_fan": ("Bedroom fan", None, {"percentage"}, "on", {"percentage": 67}),
        "light.bedroom_fan": ("Bedroom fan", None, set(), "off", {}),
        "light.shelf": (
            *("Shelf", None, {"brightness", "color_temp", "rgb"}, "on"),
            {"brightness_pct": 40, "rgb": [255, 0, 0], "color_temp_k": 4000},
        ),
        **{
            f"sensor.coffee_machine_{item.lower()}": (
                *(f"Coffee machine {item}", None, set(), "unknown", {}),
            )
            for item in ("Current", "Power", "Today", "Total", "Voltage", "Yesterday")
        },
        "sensor.terrace_temperature": ("Terrace Temperature", None, set(), "32.1", {}),
        "switch.coffee_machine": ("Coffee machine", None, set(), "unknown", {}),
    },
    "valetudo": {
        "select.rosie_water": ("Rosie Water", None, set(), "high", {}),
        "sensor.rosie_current_statistics_area": (
            *("Rosie Current Statistics Area", None, set(), "18.43", {}),
        ),
        "vacuum.valetudo_rosie_robot": (
            *("Rosie Robot", None, {"mode"}, "docked", {"mode": "medium", "battery_level": 100}),
        ),
    },
    "zigbee2mqtt-bridge": {
        "binary_sensor.bedroom_window_contact": ("bedroom window Contact", None, set(), "on", {}),
        "climate.office_radiator": (
            *("office radiator", None, {"mode", "temperature"}, "auto"),
            {"temperature": 20.5, "current_temperature": 19.8, "preset_mode": "schedule"},
        ),
        "cover.bedroom_blind": (
            *("bedroom blind", None, {"position", "stop"}, "closed", {"position": 0}),
        ),
        "fan.attic_fan": (
            *("attic fan", None, {"mode", "percentage"}, "on"),
            {"percentage": 67, "preset_mode": "medium"},
        ),
        "light.living_room_lights": ("living room lights", None, {"brightness"}, "unknown", {}),
        "light.living_room_shelf": ("living room shelf", None, {"brightness"}, "unknown", {}),
        "light.living_room_sofa": (
            *("living room sofa", None, {"brightness", "color_temp", "rgb"}, "on"),
            {"brightness_pct": 50, "color_temp_k": 2703},
        ),
        "lock.front_door": ("front door", None, set(), "locked", {}),
        "scene.living_room_lights_movie": ("living room lights Movie", None, set(), "unknown", {}),
        "scene.living_room_sofa_reading": ("living room sofa Reading", None, set(), "unknown", {}),
        "switch.hall_switch_child_lock": ("hall switch Child lock", None, set(), "on", {}),
        "switch.hall_switch_left": ("hall switch left", None, set(), "off", {}),
        "switch.hall_switch_right": ("hall switch right", None, set(), "on", {}),
    },
    "zigbee2mqtt-discovery": {
        "binary_sensor.bedroom_window_contact": ("bedroom window door", None, set(), "on", {}),
        "climate.office_radiator": (
            *("office radiator", None, {"mode", "temperature"}, "auto"),
            {
                **{"temperature": 20.5, "current_temperature": 19.8},
                **{"action": "heating", "preset_mode": "schedule"},
            },
        ),
        "event.hall_remote_action": ("hall remote Action", None, set(), "unknown", {}),
        "light.living_room_sofa": (
            *("living room sofa", None, {"brightness", "color_temp", "rgb"}, "on"),
            {"brightness_pct": 50, "color_temp_k": 2703},
        ),
        "sensor.bath_sensor_humidity": ("bath sensor humidity", None, set(), "61.2", {}),
        "sensor.bath_sensor_temperature": ("bath sensor temperature", None, set(), "22.4", {}),
    },
}
# what an action publishes, and what the device then says that confirms it
Sent = list[tuple[str, Any]]
Deed = tuple[str, str, Command, dict[str, Any], Sent, tuple[str, Any] | None]
DEEDS: Mapping[str, Deed] = {
    "a Zigbee lamp": (
        *("zigbee2mqtt-discovery", "light.living_room_sofa", C.TURN_ON, {"brightness_pct": 20}),
        [("zigbee2mqtt/living_room/sofa/set", {"state": "ON", "brightness": 51})],
        ("zigbee2mqtt/living_room/sofa", {"state": "ON", "brightness": 51}),
    ),
    "a Zigbee radiator's preset": (
        *("zigbee2mqtt-discovery", "climate.office_radiator", C.SET_MODE, {"mode": "eco"}),
        [("zigbee2mqtt/office_radiator/set/preset", "eco")],
        ("zigbee2mqtt/office_radiator", {"preset": "eco"}),
    ),
    "the same lamp by the bridge": (
        *("zigbee2mqtt-bridge", "light.living_room_sofa", C.TURN_ON, {"color_temp_k": 4000}),
        [("zigbee2mqtt/living_room/sofa/set", {"state": "ON", "color_temp": 250})],
        (
            "zigbee2mqtt/living_room/sofa",
            {"state": "ON", "color_temp": 250, "color_mode": "color_temp"},
        ),
    ),
    "one of two switches in a device": (
        *("zigbee2mqtt-bridge", "switch.hall_switch_left", C.TURN_ON, {}),
        [("zigbee2mqtt/hall switch/set", {"state_left": "ON"})],
        ("zigbee2mqtt/hall switch", {"state_left": "ON", "state_right": "ON"}),
    ),
    "a setting that is a truth value": (
        *("zigbee2mqtt-bridge", "switch.hall_switch_child_lock", C.TURN_OFF, {}),
        [("zigbee2mqtt/hall switch/set", {"child_lock": False})],
        ("zigbee2mqtt/hall switch", {"child_lock": False}),
    ),
    "a blind by the bridge": (
        *("zigbee2mqtt-bridge", "cover.bedroom_blind", C.SET_POSITION, {"position": 40}),
        [("zigbee2mqtt/bedroom blind/set", {"position": 40})],
        ("zigbee2mqtt/bedroom blind", {"state": "OPEN", "position": 40}),
    ),
    "a fan's speed by the bridge": (
        *("zigbee2mqtt-bridge", "fan.attic_fan", C.SET_SPEED, {"percentage": 100}),
        [("zigbee2mqtt/attic fan/set", {"fan_mode": "high"})],
        ("zigbee2mqtt/attic fan", {"fan_state": "ON", "fan_mode": "high"}),
    ),
    "a set-point by the bridge": (
        *("zigbee2mqtt-bridge", "climate.office_radiator", C.SET_TEMPERATURE, {"temperature": 18}),
        [("zigbee2mqtt/office radiator/set", {"current_heating_setpoint": 18})],
        ("zigbee2mqtt/office radiator", {"current_heating_setpoint": 18}),
    ),
    "a group": (
        *("zigbee2mqtt-bridge", "light.living_room_lights", C.TURN_OFF, {}),
        [("zigbee2mqtt/living room lights/set", {"state": "OFF"})],
        ("zigbee2mqtt/living room lights", {"state": "OFF"}),
    ),
    "a group's scene": (
        *("zigbee2mqtt-bridge", "scene.living_room_lights_movie", C.ACTIVATE, {}),
        [("zigbee2mqtt/living room lights/set", {"scene_recall": 1})],
        None,
    ),
    "an ESPHome alarm": (
        *("esphome", "alarm_control_panel.attic_house_alarm", C.SET_MODE, {"mode": "armed_away"}),
        [("attic/alarm_control_panel/house_alarm/command", "ARM_AWAY")],
        ("attic/alarm_control_panel/house_alarm/state", "arming"),
    ),
    "slats": (
        *("esphome", "cover.garage_door", C.SET_TILT, {"tilt": 25}),
        [("garage/cover/garage_door/tilt/command", "25")],
        ("garage/cover/garage_door/tilt/state", "25"),
    ),
    "a Tasmota relay": (
        *("tasmota-native", "switch.coffee_machine", C.TURN_ON, {}),
        [("cmnd/coffee/POWER1", "ON")],
        ("stat/coffee/RESULT", {"POWER": "ON"}),
    ),
    "a Tasmota light": (
        *("tasmota-native", "light.shelf", C.TURN_ON, {"rgb": [0, 255, 0], "brightness_pct": 60}),
        [("shelf/cmnd/Color2", "0,255,0"), ("shelf/cmnd/Dimmer", "60")],
        ("shelf/stat/RESULT", {"POWER": "ON", "Dimmer": 60, "HSBColor": "120,100,60"}),
    ),
    "a Tasmota shutter": (
        *("tasmota-native", "cover.terrace", C.OPEN, {}),
        [("cmnd/terrace/Backlog", "ShutterOpen1")],
        ("stat/terrace/RESULT", {"Shutter1": {"Position": 5, "Direction": 1, "Target": 100}}),
    ),
    "a camera": (
        *("frigate", "switch.driveway_camera_detection", C.TURN_ON, {}),
        [("frigate/driveway/detect/set", "ON")],
        ("frigate/driveway/detect/state", "ON"),
    ),
    "a Shelly of the first generation": (
        *("shelly", "switch.boiler", C.TURN_OFF, {}),
        [("shellies/shelly1-A4CF12/relay/0/command", "off")],
        ("shellies/shelly1-A4CF12/relay/0", "off"),
    ),
    "a Shelly of the second generation": (
        *("shelly", "switch.dishwasher", C.TURN_OFF, {}),
        [
            (
                "shellyplus1pm-441793d6c2a4/rpc",
                {"id": 1, "src": "home", "method": "Switch.Set", "params": {"id": 0, "on": False}},
            )
        ],
        ("shellyplus1pm-441793d6c2a4/status/switch:0", {"output": False, "apower": 0}),
    ),
    "a robot": (
        *("valetudo", "vacuum.valetudo_rosie_robot", C.START, {}),
        [("valetudo/Rosie/BasicControlCapability/operation/set", "START")],
        ("valetudo/Rosie/hass/Rosie_vacuum/state", {"state": "cleaning", "battery_level": 99}),
    ),
    "a robot's power": (
        *("valetudo", "vacuum.valetudo_rosie_robot", C.SET_MODE, {"mode": "max"}),
        [("valetudo/Rosie/FanSpeedControlCapability/preset/set", "max")],
        ("valetudo/Rosie/hass/Rosie_vacuum/state", {"state": "docked", "fan_speed": "max"}),
    ),
}


def test_every_recorded_tree_is_looked_at() -> None:
    assert set(HOMES) == set(PROJECTS)


@pytest.mark.parametrize("project", PROJECTS)
def test_a_recorded_house_is_learned_with_names_rooms_abilities_and_states(project: str) -> None:
    @virtual_time
    async def run() -> None:
        async with house(tree(project)) as home:
            known = home.devices.home()
            found = {
                entity_id: (
                    *(item.name, item.area, set(item.features)),
                    *(known.state(entity_id).state, dict(known.state(entity_id).attributes)),
                )
                for entity_id, item in known.entities.items()
            }
            assert found == dict(HOMES[project])

    run()


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_an_action_is_said_in_the_projects_words_and_confirmed_by_its_device(deed: Deed) -> None:
    project, entity_id, command, params, sent, echo = deed

    @virtual_time
    async def run() -> None:
        async with house(tree(project)) as home:
            commands = home.bus.subscribe(sent[-1][0])
            async with asyncio.TaskGroup() as group:
                answering = group.create_task(_answer(home, commands, echo))
                outcome = await home.do(entity_id, command, **params)
                answering.cancel()
            assert [(item.topic, _json(item.payload)) for item in outcome.published] == sent
            assert outcome.status is (Status.CONFIRMED if echo else Status.ACCEPTED), outcome

    run()


async def _answer(home: House, commands: Subscription, echo: tuple[str, Any] | None) -> None:
    """The device says how it is as soon as it has heard its command."""
    await anext(commands)
    if echo is not None:
        home.says(*echo)


def _json(payload: str) -> Any:
    try:
        told = json.loads(payload)
    except ValueError:
        return payload
    return told if isinstance(told, dict) else payload


@virtual_time
async def test_a_device_of_which_nothing_is_known_is_asked_once() -> None:
    async with house(tree("tasmota-native")) as home:
        await _later(5)
        asked = [item for item in home.sent() if item[0].startswith("cmnd/coffee/")]
        assert sorted(asked) == [("cmnd/coffee/STATE", ""), ("cmnd/coffee/STATUS", "10")]
        home.says("stat/coffee/STATUS10", {"StatusSNS": {"ENERGY": {"Power": 870}}})
        await _later(1)
        assert home.devices.home().state("sensor.coffee_machine_power").state == "870"


@virtual_time
async def test_a_zigbee_device_that_home_assistant_announces_too_is_there_once() -> None:
    both = {**tree("zigbee2mqtt-bridge"), **tree("zigbee2mqtt-discovery")}
    async with house(both) as home:
        sofas = [item for item in home.devices.home().entities if "sofa" in item]
        assert sofas == ["light.living_room_sofa"]
        topic = "homeassistant/light/0x001788010b1a2c3d/light/config"
        home.says(topic, "", retain=True)  # its integration is switched off
        await _later(1)
        sofas = [item for item in home.devices.home().entities if "sofa" in item]
        assert sofas == ["light.living_room_sofa", "scene.living_room_sofa_reading"]
        assert home.devices.home().state("light.living_room_sofa").state == "on"


@virtual_time
async def test_a_tasmota_device_that_home_assistant_announces_too_is_there_once() -> None:
    async with house({**tree("tasmota-native"), **tree("tasmota-discovery")}) as home:
        known = home.devices.home().entities
        assert {item for item in known if "shelf" in item or "coffee" in item} == {
            *("light.shelf", "switch.coffee_machine", "sensor.coffee_machine_energy_power"),
        }


async def _later(seconds: float) -> None:
    await asyncio.sleep(seconds)
