"""Random home commands and questions: what the model must write down word for word."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import partial

from training import home_words as words
from training.templates import Rule, expand

# (weight, templates). The weights follow how often people say such things, not how many ways there are to say them.
_GROUPS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (18, (
        "<on> [the] <light>", "<off> [the] <light>", "turn [the] <light> (on|off)", "switch [the] <light> (on|off)",
        "<on> [the] lights in [the] <room>", "<off> [the] lights in [the] <room>", "toggle [the] <light>",
        "<on> [the] <room> lights", "<off> [the] <room> lights", "turn [the] lights (on|off) in [the] <room>",
        "<on> all [the] lights [in the <room>]", "<off> all [the] lights [in the <room>|upstairs|downstairs]",
        "<off> everything [in the <room>]", "everything off", "all lights (on|off)", "lights (on|off)", "<room> lights (on|off)",
        "<off> all [of] the lights [in the house]", "<light> (on|off)", "turn (on|off) every light in [the] <room>",
    )),
    (8, (
        "<on> [the] <switch>", "<off> [the] <switch>", "turn [the] <switch> (on|off)", "toggle [the] <switch>",
        "start [the] <switch>", "stop [the] <switch>", "(enable|disable) [the] <switch>", "activate [the] <switch>",
    )),
    (5, (
        "<on> [the] <fan>", "<off> [the] <fan>", "turn [the] <fan> (on|off)", "<set> [the] <fan> [speed] to <percent>",
        "<set> [the] <fan> to (low|medium|high)", "turn (on|off) (the|all) fans [in the <room>]",
        "(increase|decrease) [the] <fan> speed [by <percent>]",
    )),
    (8, (
        "open [the] <cover> [in the <room>]", "close [the] <cover> [in the <room>]", "shut [the] <cover>",
        "(raise|lower) [the] <cover>", "<set> [the] <cover> [position] to <percent>", "open [the] <cover> (half way|halfway)",
        "(open|close) all [the] (blinds|curtains|shades|shutters|windows|covers) [in the <room>]", "stop [the] <cover>",
        "open [the] <cover> to <percent>", "(open|close) [the] (blinds|curtains|shades|windows) in [the] <room>",
        "(open|close) [the] garage [door]", "pull (up|down) [the] <cover>",
    )),
    (4, (
        "lock [the] <lock>", "unlock [the] <lock>", "(lock|unlock) [the] <person> <lock>", "lock all [the] doors",
        "lock [the] doors", "(lock|unlock) [the] <room> door", "lock up the house", "lock everything",
    )),
    (9, (
        "<set> [the] <light> [brightness] to <percent> [brightness]", "<set> [the] brightness of [the] <light> to <percent>",
        "dim [the] <light> [to <percent>]", "brighten [the] <light> [to <percent>]", "<set> [the] <room> [brightness] to <percent>",
        "<set> [the] <room> brightness to <percent>", "<light> <percent> [brightness]", "turn (up|down) [the] <light>",
        "(increase|decrease) [the] [brightness of the] <light> by <percent>", "turn [the] <light> (up|down) [to <percent>]",
        "make [the] <light> (brighter|dimmer|darker)", "<set> [the] <light> to (maximum|minimum|full) [brightness]",
        "<set> [the] lights in [the] <room> to <percent>", "<set> brightness to <percent>", "dim [the] lights [in the <room>]",
        "dim [the] lights to <percent>", "make it (brighter|darker) in [the] <room>",
    )),
    (6, (
        "<set> [the] <light> to <colour>", "turn [the] <light> <colour>", "make [the] <light> <colour>",
        "change [the] <light> [color] to <colour>", "<set> [the] color of [the] <light> to <colour>",
        "<set> [the] lights in [the] <room> to <colour>", "<set> [the] <room> [lights] to <colour>", "<colour> <light>",
        "turn (all|all the) lights [in the <room>] <colour>", "make [the] <light> (warmer|cooler)",
        "<set> [the] <light> [color] [temperature] to <kelvin> kelvin", "change [the] color of [the] <light> to <colour>",
    )),
    (7, (
        "<set> [the] <climate> to <degrees>", "<set> [the] temperature [in the <room>] to <degrees>",
        "<set> [the] <room> [temperature|thermostat] to <degrees>", "make it (warmer|cooler|colder) [in the <room>]",
        "(increase|raise) [the] temperature [in the <room>] [by <small> degrees]", "turn [the] <climate> (up|down|on|off)",
        "(decrease|lower) [the] temperature [in the <room>] [by <small> degrees]", "turn (up|down) [the] (heat|heating)",
        "<set> [the] <climate> to (heat|cool|auto|eco|away|off|dry|fan only) [mode]", "turn (on|off) [the] <climate>",
        "<set> [the] (target temperature|humidity) to <percent>", "<set> [the] temperature to <degrees> in [the] <room>",
    )),
    (13, (
        "<make> <a> timer for <time>", "<make> <a> <time> timer", "<make> <a> timer for <time> (named|called) <timer>",
        "<make> <a> <timer> timer for <time>", "timer for <time>", "<time> timer", "<make> <a> <time> timer for [the] <timer>",
        "(cancel|stop) [the] timer", "(cancel|stop|pause|resume) [my|the] <timer> timer", "(cancel|stop) all [the|my] timers",
        "(pause|resume) [the|my] timer", "(cancel|stop|pause|resume) [the|my] <time> timer", "unpause [the] [<timer>] timer",
        "how (much time|long) is left [on [the|my] [<timer>] timer]", "[what is the] timer status", "check [the] [<timer>] timer",
        "how much (longer|time) (on|for) [the|my] [<timer>] timer", "add <time> to [the|my] [<timer>] timer", "timers",
        "(remove|take) <time> (from|off) [the] [<timer>] timer", "what timers (are|do i have) [running|set]",
        "<command> in <time>", "remind me in <time>", "wake me (up|) in <time>",
    )),
    (7, (
        "(pause|resume|stop|play|unpause) [the] [<media>]", "(next|previous) (song|track|one|video|episode)", "skip",
        "skip [this|the|to the next] (song|track)", "next", "(go back|back) to [the] previous (song|track)", "play [some] music",
        "(pause|resume) [the] (music|tv|movie|video) [in the <room>]", "turn [the] volume (up|down)", "volume (up|down)",
        "<set> [the] [<room>] volume to <percent>", "<set> [the] volume (of|on) [the] <media> to <percent>", "(mute|unmute) [the] <media>",
        "turn (up|down) [the] (volume|music|<media>)", "(increase|decrease) [the] volume [by <percent>]", "mute", "unmute",
        "play [some] music in [the] <room>", "<on> [the] <media>", "<off> [the] <media>", "shuffle [the] music",
        "(next|previous) (song|track) on [the] <media>", "skip to [the] next (song|track) on [the] <media>", "pause", "resume",
    )),
    (4, (
        "(run|start|activate|execute) [the] <scene> (script|scene|automation|routine)", "(activate|start|run) [the] <scene>",
        "<scene> (scene|mode)", "(turn on|set|enable) [the] <scene> (scene|mode)", "run [the] <scene> script", "run [the] script <scene>",
        "(start|turn on) <scene>", "<set> the scene to <scene>", "good night", "good morning", "i'm (home|leaving)",
    )),
    (11, (
        "is [the] <lock> (locked|unlocked|open|closed)", "is [the] <cover> (open|closed|shut)", "is [the] <light> (on|off)",
        "is [the] <switch> (on|off|running)", "are [the] <room> lights (on|off)", "are [all] the lights (on|off) [in the <room>]",
        "are (any|all) [the] (lights|windows|doors|blinds|curtains) (on|off|open|closed) [in the <room>]",
        "are [the] (doors|windows|blinds|curtains|shades) (open|closed|locked) [in the <room>]", "did i (lock|close) [the] <lock>",
        "what is [the] <sensor> [in|of|outside] [[the] <room>]", "what's [the] <sensor> [in [the] <room>]", "is anyone [at] home",
        "what's [the] temperature", "what is [the] temperature (inside|outside|indoors|outdoors)", "how (warm|cold|hot) is it [outside]",
        "how (warm|cold|hot|humid) is [it in] [the] <room>", "what's the (<room>|outside|indoor) temperature", "where is <person>",
        "what is [the] <room> (temperature|humidity)", "what is the state of [the] <any>", "is there (motion|anyone) in [the] <room>",
        "what is the battery level of [the] <any>", "how many lights are on [in the <room>]", "which lights are (on|off) [in the <room>]",
        "which (windows|doors) are (open|closed)", "is the door (open|closed|locked)", "what is [the] <climate> set to",
    )),
    (5, (
        "what time is it [now]", "what's the time", "what is the time", "what (is|day is) today", "what's the date [today]",
        "what is today's date", "what day is it [today]", "what's today's date", "tell me the (time|date)", "what's the weather [like] [today|tomorrow]",
        "what is the weather [like|forecast] [today|tomorrow|outside]", "will it rain (today|tomorrow)", "current (time|date)",
    )),
    (4, (
        "add <item> to [the|my] (shopping|to do|grocery|todo) list", "put <item> on [the|my] (shopping|to do|grocery) list",
        "(remove|check off) <item> from [the|my] (shopping|grocery) list", "what is on [the|my] (shopping|to do) list",
        "complete <item> on [the|my] (shopping|to do) list", "clear [the|my] shopping list",
    )),
    (3, (
        "(start|stop|pause) [the] (vacuum|robot vacuum|vacuum cleaner|robot|mower|lawn mower) [in the <room>]", "(vacuum|clean) [the] <room>",
        "(return|send) [the] (vacuum|robot|mower) (home|to base|to [the] dock)", "vacuum (up|the house)", "start (cleaning|vacuuming|mowing)",
        "locate [the] vacuum", "dock [the] vacuum", "mow the lawn", "water the (plants|garden|lawn)",
    )),
    (3, ("never mind", "nevermind", "stop", "cancel", "cancel that", "stop it", "(yes|no) [please]", "undo that", "repeat that",
         "be quiet", "(louder|quieter)", "do it", "yes do it", "no cancel")),
    (3, (
        "(arm|disarm) [the] (alarm|house|home|security system|alarm system)", "set [the] alarm to (home|away|night)",
        "set [the] alarm to (home|away|night) mode", "broadcast dinner is ready", "announce dinner is ready",
        "set an alarm for <clock>", "wake me up at <clock>", "(ring|press) [the] doorbell", "find my phone", "call <person>",
        "say (hello|good night) [to <person>]", "tell <person> dinner is ready", "when is sunset", "when does the sun (set|rise)",
        "turn on [the] <light> at <clock>", "turn off [the] <light> in <time>", "open [the] <cover> at <clock>",
    )),
)  # fmt: skip
_PREFIXES = ("", "", "", "", "", "", "", "please", "could you", "can you", "can you please", "would you", "could you please", "i want you to")
_SUFFIXES = ("",) * 9 + ("please", "now", "thanks", "for me")
WAKE_PHRASES = ("okay nabu", "okay nabu", "okay nabu", "hey jarvis", "hey mycroft", "alexa", "hey lares", "okay lares")


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
        return dice.choice((
            f"{count('hour', 12)} [and] {count('minute', 59)}", f"{count('minute', 59)} [and] {count('second', 59)}",
            "half an hour", "an hour", "one and a half hours", "a minute", "an hour and a half", "a quarter of an hour",
            f"{words.number_words(dice.randint(1, 9))} and a half (minutes|hours)", "a minute and a half", "one hour and a half",
            f"{count('hour', 12)} [and] {count('minute', 59)} [and] {count('second', 59)}", "a half hour", "a few minutes",
        ))  # fmt: skip
    return f"{words.number_words(dice.randint(1, 120))} (minutes|seconds)"


def _short_time(dice: random.Random) -> str:
    return expand(_time(dice), {}, dice).replace("minutes", "minute").replace("seconds", "second").replace("hours", "hour")


def _percent(dice: random.Random) -> str:
    value = dice.choice((10, 20, 25, 30, 40, 50, 50, 60, 70, 75, 80, 90, 100, 5, 0, 1, 15, dice.randint(1, 99)))
    hundred = "one hundred" if value == 100 else words.number_words(value)
    return dice.choice((f"{hundred} percent",) * 7 + (hundred, "half"))


def _degrees(dice: random.Random) -> str:
    value = dice.choice((dice.randint(16, 25), dice.randint(60, 80), dice.randint(5, 99)))
    half = " point five" if value < 30 and dice.random() < 0.12 else ""
    unit = dice.choice((" degrees",) * 6 + ("", " degrees celsius", " degrees fahrenheit"))
    return f"{words.number_words(value)}{half}{unit}"


def _clock(dice: random.Random) -> str:
    hour, minute = words.number_words(dice.randint(1, 12)), dice.choice(("", " thirty", " fifteen", " forty five", " o'clock", " twenty"))
    return f"{hour}{minute}{dice.choice(('', ' a m', ' p m', ' in the morning', ' tonight'))}"


def _any(dice: random.Random) -> str:
    nouns = dice.choice((words.LIGHT_NOUNS, words.SWITCH_NOUNS, words.FAN_NOUNS, words.COVER_NOUNS, words.LOCK_NOUNS))
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
    "room": words.ROOMS, "person": words.PEOPLE, "colour": words.COLOURS, "scene": words.SCENES, "item": words.ITEMS,
    "timer": words.TIMER_NAMES, "light": _light, "any": _any, "clock": _clock, "kelvin": _kelvin,
    "switch": partial(words.device, words.SWITCH_NOUNS), "fan": partial(words.device, words.FAN_NOUNS),
    "cover": partial(words.device, words.COVER_NOUNS), "lock": words.LOCK_NOUNS, "climate": partial(words.device, words.CLIMATE_NOUNS),
    "media": partial(words.device, words.MEDIA_NOUNS), "percent": _percent, "degrees": _degrees,
    "time": lambda dice: expand(_time(dice), {}, dice) if dice.random() < 0.8 else _short_time(dice),
    "small": ("two", "three", "five", "four", "ten", "six"),
    "sensor": ("temperature", "temperature", "humidity", "power", "energy consumption", "air quality", "battery level", "co two level",
               "pressure", "brightness", "noise level", "light level", "wind speed", "water level", "carbon monoxide level"),
    "command": ("turn off [the] <light>", "turn on [the] <light>", "close [the] <cover>", "open [the] <cover>", "turn off [the] <switch>"),
}  # fmt: skip


def home_sentence(dice: random.Random) -> str:
    """One home command or question, lower case, words only (no digits, no punctuation but apostrophes)."""
    weights = [weight for weight, _ in _GROUPS]
    templates = dice.choices([group for _, group in _GROUPS], weights)[0]
    core = expand(dice.choice(templates), RULES, dice)
    core = core.replace(" the all ", " all ").replace(" the the ", " the ")
    if core.split()[0] in {"is", "are", "what", "what's", "how", "which", "where", "when", "never", "will", "did"}:
        return core
    if core.split()[0] in {"turn", "set", "open", "close", "switch", "lock", "unlock", "dim", "start", "make"}:
        return f"{dice.choice(_PREFIXES)} {core} {dice.choice(_SUFFIXES)}".strip().replace("  ", " ")
    return core
