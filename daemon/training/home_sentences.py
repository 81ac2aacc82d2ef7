"""Random home commands and questions: what the model must write down word for word."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from training import home_words as words
from training.templates import Rule, expand, template

_TEMPLATES = Path(__file__).with_name("home_sentences.txt")
_DRILLS = Path(__file__).with_name("home_drills.txt")
_PREFIXES = (
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "please",
    "could you",
    "can you",
    "can you please",
    "would you",
    "could you please",
    "i want you to",
)
_SUFFIXES = ("",) * 9 + ("please", "now", "thanks", "for me")
WAKE_PHRASES = (
    "okay nabu",
    "okay nabu",
    "okay nabu",
    "hey jarvis",
    "hey mycroft",
    "alexa",
    "hey lares",
    "okay lares",
)


def _time(dice: random.Random) -> str:
    def count(unit: str, top: int) -> str:
        value = dice.choice((1, 2, 3, 5, 10, 15, 20, 30, 45, dice.randint(1, top)))
        value = min(value, top)
        return f"{words.number_words(value)} {unit}{'' if value == 1 else 's'}"

    kind = dice.random()
    if kind < 0.55:
        return count("minute", 90)
    if kind < 0.70:
        return count("second", 90)
    if kind < 0.80:
        return count("hour", 12)
    if kind < 0.94:
        return dice.choice(
            (
                f"{count('hour', 12)} [and] {count('minute', 59)}",
                f"{count('minute', 59)} [and] {count('second', 59)}",
                "half an hour",
                "an hour",
                "one and a half hours",
                "a minute",
                "an hour and a half",
                "a quarter of an hour",
                f"{words.number_words(dice.randint(1, 9))} and a half (minutes|hours)",
                "a minute and a half",
                "one hour and a half",
                f"{count('hour', 12)} [and] {count('minute', 59)} [and] {count('second', 59)}",
                "a half hour",
                "a few minutes",
            )
        )
    return f"{words.number_words(dice.randint(1, 120))} (minutes|seconds)"


def _short_time(dice: random.Random) -> str:
    return (
        expand(_time(dice), {}, dice)
        .replace("minutes", "minute")
        .replace("seconds", "second")
        .replace("hours", "hour")
    )


def _percent(dice: random.Random) -> str:
    value = dice.choice(
        (10, 20, 25, 30, 40, 50, 50, 60, 70, 75, 80, 90, 100, 5, 0, 1, 15, dice.randint(1, 99))
    )
    hundred = "one hundred" if value == 100 else words.number_words(value)
    return dice.choice((f"{hundred} percent",) * 7 + (hundred, "half"))


def _degrees(dice: random.Random) -> str:
    value = dice.choice((dice.randint(16, 25), dice.randint(60, 80), dice.randint(5, 99)))
    half = " point five" if value < 30 and dice.random() < 0.12 else ""
    unit = dice.choice((" degrees",) * 6 + ("", " degrees celsius", " degrees fahrenheit"))
    return f"{words.number_words(value)}{half}{unit}"


def _clock(dice: random.Random) -> str:
    hour, minute = (
        words.number_words(dice.randint(1, 12)),
        dice.choice(("", " thirty", " fifteen", " forty five", " o'clock", " twenty")),
    )
    return f"{hour}{minute}{dice.choice(('', ' a m', ' p m', ' in the morning', ' tonight'))}"


def _any(dice: random.Random) -> str:
    nouns = dice.choice(
        (
            words.LIGHT_NOUNS,
            words.SWITCH_NOUNS,
            words.FAN_NOUNS,
            words.COVER_NOUNS,
            words.LOCK_NOUNS,
        )
    )
    return words.device(nouns, dice)


def _light(dice: random.Random) -> str:
    short = ("light", "lights", "lamp", "light", "lights", "lamp", "ceiling light", "desk lamp")
    return words.device(list(short) if dice.random() < 0.55 else words.LIGHT_NOUNS, dice)


def _kelvin(dice: random.Random) -> str:
    thousands, hundreds = dice.randint(2, 6), dice.choice((0, 0, 5, 7, 2, 3))
    tail = f" {words.number_words(hundreds)} hundred" if hundreds else ""
    return f"{words.number_words(thousands)} thousand{tail}"


RULES: Mapping[str, Rule] = {
    "on": ("turn on", "turn on", "turn on", "switch on", "put on", "enable"),
    "off": ("turn off", "turn off", "turn off", "switch off", "shut off", "disable"),
    "set": ("set", "set", "set", "set", "change", "adjust", "turn", "put"),
    "make": ("set", "set", "set", "start", "create", "make", "begin", "set up", "add"),
    "a": ("a", "a", "a", "me a", "another"),
    "room": words.ROOMS,
    "person": words.PEOPLE,
    "colour": words.COLOURS,
    "scene": words.SCENES,
    "item": words.ITEMS,
    "timer": words.TIMER_NAMES,
    "light": _light,
    "any": _any,
    "clock": _clock,
    "kelvin": _kelvin,
    "switch": partial(words.device, words.SWITCH_NOUNS),
    "fan": partial(words.device, words.FAN_NOUNS),
    "cover": partial(words.device, words.COVER_NOUNS),
    "lock": words.LOCK_NOUNS,
    "climate": partial(words.device, words.CLIMATE_NOUNS),
    "media": partial(words.device, words.MEDIA_NOUNS),
    "percent": _percent,
    "degrees": _degrees,
    "time": lambda dice: (
        expand(_time(dice), {}, dice) if dice.random() < 0.8 else _short_time(dice)
    ),
    "small": ("two", "three", "five", "four", "ten", "six"),
    "word": words.THINGS,
    "sensor_kind": (
        "motion sensor",
        "smoke detector",
        "door sensor",
        "leak sensor",
        "battery",
        "camera",
    ),
    "sensor": (
        "temperature",
        "temperature",
        "humidity",
        "power",
        "energy consumption",
        "air quality",
        "battery level",
        "co two level",
        "pressure",
        "brightness",
        "noise level",
        "light level",
        "wind speed",
        "water level",
        "carbon monoxide level",
    ),
    "command": (
        "turn off [the] <light>",
        "turn on [the] <light>",
        "close [the] <cover>",
        "open [the] <cover>",
        "turn off [the] <switch>",
    ),
}


# Every name as likely as every other: in `RULES` the usual ones come first.
DRILL_RULES: Mapping[str, Rule] = {
    **RULES,
    "number": lambda dice: words.number_words(dice.randint(0, 100)),
    "one or several": [noun + ending for noun in words.COUNTED for ending in ("", "s")],
    "name": words.NAMES,
    "rare": words.RARE,
}


def home_sentence(dice: random.Random) -> str:
    """One home command or question, lower case, words only (no digits, no punctuation but
    apostrophes).
    """
    return _polite(expand(template(_TEMPLATES, dice), RULES, dice), dice)


def home_drill(dice: random.Random) -> str:
    """A home sentence where a small ear is weak, of the same words and in the same form."""
    return _polite(expand(template(_DRILLS, dice), DRILL_RULES, dice), dice)


def _polite(core: str, dice: random.Random) -> str:
    """The sentence as somebody says it: commands often with "please" and the like."""
    core = core.replace(" the all ", " all ").replace(" the the ", " the ")
    if core.split()[0] in {
        "is",
        "are",
        "what",
        "what's",
        "how",
        "which",
        "where",
        "when",
        "never",
        "will",
        "did",
    }:
        return core
    if core.split()[0] in {
        "turn",
        "set",
        "open",
        "close",
        "switch",
        "lock",
        "unlock",
        "dim",
        "start",
        "make",
    }:
        return f"{dice.choice(_PREFIXES)} {core} {dice.choice(_SUFFIXES)}".strip().replace(
            "  ", " "
        )
    return core
