"""What Lares says in English."""

from __future__ import annotations

from datetime import datetime

from laresd.core.intent.meaning import Trouble
from laresd.core.replies.phrasebook import Phrasebook
from laresd.types import Command

# Words of device and room names that are no proper names: they are spoken in lower case.
_COMMON_WORDS = """
air attic back balcony basement bath bathroom bed bedroom bedside blind blinds bulb button
cabinet cabinets carport ceiling cellar chair conditioner corner counter countertop coffee
corridor cover curtain curtains den desk dining dishwasher door doors downstairs driveway dryer
entrance entry fan fans floor freezer fridge front garage garden gate guest hall hallway heater
heating humidifier irrigation kids kitchen lamp lamps laundry left library light lights list living
lock machine main maker master mirror mower music nursery office opener outdoor outlet outside oven
pantry patio plug pool porch power printer pump purifier radiator radio reading right robot room
sauna scene screen sensor shade shades shed shelf shopping shower shutter shutters side sink smart
socket sofa speaker speakers spot stairs stove strip studio study switch table television
temperature terrace thermostat toilet upstairs utility vacuum valve ventilator wall wardrobe
washer washing water window windows workshop yard"""
_COMMON = frozenset(_COMMON_WORDS.split())
_NO_ARTICLE = frozenset({"downstairs", "upstairs", "outside", "music"})


def _device(name: str) -> str:
    """ "Kitchen Light" as "the kitchen light", "Roborock" as it is."""
    words = name.split()
    spoken = " ".join(word.lower() if word.lower() in _COMMON else word for word in words)
    last = words[-1].lower() if words else ""
    if last in _COMMON - _NO_ARTICLE and words[0].lower() not in ("the", "my", "our"):
        return f"the {spoken}"
    return spoken


def _time(now: datetime) -> str:
    hour = now.hour % 12 or 12
    return f"It is {hour}:{now.minute:02d} {'AM' if now.hour < 12 else 'PM'}."


def _date(now: datetime) -> str:
    return f"It is {_DAYS[now.weekday()]}, {_MONTHS[now.month - 1]} {now.day}, {now.year}."


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

ENGLISH = Phrasebook(
    did={
        Command.TURN_ON: "Turned on {names}.",
        Command.TURN_OFF: "Turned off {names}.",
        Command.TOGGLE: "Switched {names}.",
        Command.OPEN: "Opened {names}.",
        Command.CLOSE: "Closed {names}.",
        Command.STOP: "Stopped {names}.",
        Command.SET_POSITION: "Set {names} to {position} percent.",
        Command.SET_TILT: "Set the slats of {names} to {tilt} percent.",
        Command.LOCK: "Locked {names}.",
        Command.UNLOCK: "Unlocked {names}.",
        Command.SET_TEMPERATURE: "Set {names} to {temperature} degrees.",
        Command.SET_MODE: "Set {names} to {mode}.",
        Command.SET_SPEED: "Set {names} to {percentage} percent.",
        Command.PRESS: "Pressed {names}.",
        Command.ACTIVATE: "Activated {names}.",
        Command.SELECT: "Set {names} to {option}.",
        Command.SET_VALUE: "Set {names} to {value}.",
        Command.PLAY: "Playing {names}.",
        Command.PAUSE: "Paused {names}.",
        Command.NEXT: "Next track on {names}.",
        Command.PREVIOUS: "Previous track on {names}.",
        Command.SET_VOLUME: "Set the volume of {names} to {volume_pct} percent.",
        Command.MUTE: "Muted {names}.",
        Command.UNMUTE: "Unmuted {names}.",
        Command.START: "Started {names}.",
        Command.DOCK: "Sent {names} back to its base.",
        Command.ADD_ITEM: "Added {item} to {names}.",
        Command.COMPLETE_ITEM: "Checked off {item} on {names}.",
    },
    did_light="Set {names} to {what}.",
    already={
        Command.TURN_ON: "{names} {be} already on.",
        Command.TURN_OFF: "{names} {be} already off.",
        Command.OPEN: "{names} {be} already open.",
        Command.CLOSE: "{names} {be} already closed.",
        Command.LOCK: "{names} {be} already locked.",
        Command.UNLOCK: "{names} {be} already unlocked.",
        Command.SET_VALUE: "{names} {be} already set like that.",
    },
    no_answer="No answer from {names}.",
    unavailable="{names} {be} offline.",
    unsupported="{names} can't do that.",
    failed="I could not reach {names}: the MQTT broker does not answer.",
    delayed="{names} must wait: the MQTT broker does not answer. Once it is back, I will try.",
    trouble={
        Trouble.UNKNOWN_DEVICE: "I don't know a device called {name}.",
        Trouble.NOTHING_THERE: "I don't know any {kind}.",
        Trouble.AMBIGUOUS: "Which one do you mean: {names}?",
        Trouble.UNSUPPORTED: "{name} can't do that.",
        Trouble.READ_ONLY: "I know how {name} is, but I have no way to control it.",
        Trouble.OUT_OF_RANGE: "{name} goes from {minimum} to {maximum}.",
        Trouble.LATER: "I can't do things later yet, only now.",
        Trouble.NO_RELATIVE: "I don't know the level of {name}. Tell me the percentage.",
        Trouble.ONE_ROOM: "I can't send {name} to {area} alone, I can only start it.",
        Trouble.DANGEROUS: "I am not sure that you mean {name}. Please say its full name.",
    },
    nothing_there_in="I don't know any {kind} in {area}.",
    kinds={
        "light": ("light", "lights"),
        "switch": ("switch", "switches"),
        "fan": ("fan", "fans"),
        "cover": ("cover", "covers"),
        "valve": ("valve", "valves"),
        "lock": ("lock", "locks"),
        "climate": ("thermostat", "thermostats"),
        "media_player": ("player", "players"),
        "vacuum": ("vacuum", "vacuums"),
        "todo": ("list", "lists"),
        "temperature": ("thermometer", "thermometers"),
        "window": ("window", "windows"),
        "door": ("door", "doors"),
        "curtain": ("curtain", "curtains"),
        "blind": ("blind", "blinds"),
        "garage": ("garage door", "garage doors"),
        "device": ("device", "devices"),
    },
    count="{n} {kind}",
    colors={},
    percent="{value} percent",
    kelvin="{value} kelvin",
    degrees="{value} degrees",
    joined=(", ", " and "),
    either=(", ", " or "),
    in_room="{name} in {area}",
    be=("is", "are"),
    state_is="{names} {be} {state}.",
    states={
        "unlocked": "unlocked",
        "heat": "heating",
        "cool": "cooling",
        "home": "at home",
        "not_home": "away",
    },
    light_at="{state}, at {percent}",
    measured="{name} is {value} {unit}.",
    units={"%": "percent", "°C": "degrees", "°F": "degrees", "W": "watts", "kWh": "kilowatt hours"},
    yes="Yes.",
    no="No.",
    yes_told="Yes, {told}",
    yes_which="Yes: {names}.",
    no_but="No, {names} {be} {state}.",
    not_all="No, {names} {be} not.",
    none="None.",
    how_many="{n}: {names}.",
    temperature="It is {value} degrees.",
    temperature_in="It is {value} degrees in {area}.",
    unknown_state="I don't know the state of {name}.",
    time=_time,
    date=_date,
    talk={
        "nevermind": "All right.",
        "hello": "Hello!",
        "commands": "You can switch, dim, open, close, lock, ask for states, and set timers.",
        "creator": "I am Lares, the guardian of this house.",
        "data": "What you say stays in this house.",
        "listening": "I listen only after my wake word.",
    },
    not_understood="I did not understand that.",
    not_understood_text='I did not understand "{text}".',
    too_long="That was too long for me. Please say it in one short sentence.",
    error="Sorry: {message}.",
    error_with_remedy="Sorry: {message}. {remedy}.",
    no_time="Sorry, that took too long. Please try again.",
    broken_off="Sorry, the rest of the answer did not come.",
    device=_device,
    room=_device,
)  # fmt: skip
