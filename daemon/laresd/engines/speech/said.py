"""Numbers, units, times and abbreviations written as they are said, in English, German, Chinese.

Pure. espeak-ng reads most of that well, but "21.5" with a German voice is a date, "km/h" a slash,
and "°C" nothing in Chinese; what the phonemizer says wrong, every voice says wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from laresd.language import main_language

_NUMBER = r"(?<![\w.,:])(?P<number>[-−]?\d+(?:[.,]\d+)*)"
_RANGE = r"(?:\s?[-–]\s?(?P<upper>\d+(?:[.,]\d+)*))?"
_TIME = re.compile(
    r"(?<![\d:.,])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?![\d:])(?P<after>\s?(?:Uhr|[AaPp]\.?[Mm]\b\.?))?"
)
_PRICE = re.compile(r"(?P<sign>[€$£])\s?(?P<number>\d+(?:[.,]\d+)*)")
_SYMBOLS = (
    "%", "°C", "°F", "°", "kWh", "Wh", "kW", "W", "V", "A", "lx", "hPa", "ppm", "µg/m³", "m³", "m²",
    "km/h", "m/s", "km", "cm", "mm", "m", "kg", "g", "ml", "l", "dB", "Hz", "GB", "MB", "ms", "min",
    "h", "s", "€", "$", "£",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Language:
    """`units`: one and several. `range`: between two numbers. `time` gets hour, minute, AM or PM.
    `decimal`: the mark that its speakers read a number with.
    """

    units: Mapping[str, tuple[str, str]]
    range: str
    time: Callable[[int, int, str], str]
    short: tuple[tuple[re.Pattern[str], str], ...]
    decimal: str = "."
    minus: str = "minus "
    space: str = " "
    percent: str = ""  # said before the number


def well_said(text: str, language: str) -> str:
    """One line of text as a voice should read it; unchanged in a language that is not known."""
    known = _LANGUAGES.get(main_language(language))
    if known is None:
        return text
    for pattern, words in known.short:
        text = pattern.sub(words, text)
    text = _TIME.sub(lambda found: _time(found, known), text)
    text = _PRICE.sub(lambda found: _amount(found["number"], found["sign"], known), text)
    return _QUANTITY.sub(lambda found: _quantity(found, known), text)


_QUANTITY = re.compile(
    _NUMBER + _RANGE + r"\s?(?P<unit>" + "|".join(map(re.escape, _SYMBOLS)) + r")(?![\w²³/])"
)


def _time(found: re.Match[str], known: _Language) -> str:
    after = (found["after"] or "").strip()
    half = "" if after == "Uhr" else after.replace(".", "").upper()
    return known.time(int(found["hour"]), int(found["minute"]), half)


def _quantity(found: re.Match[str], known: _Language) -> str:
    number = found["number"].replace("−", "-")
    upper = found["upper"]
    if upper is not None:
        number = f"{number}{known.range}{_number(upper, known)}"
    return _amount(number, found["unit"], known)


def _amount(number: str, unit: str, known: _Language) -> str:
    one, several = known.units[unit]
    below = number.startswith("-")
    digits = _number(number.lstrip("-"), known)
    sign = known.minus if below else ""
    if unit == "%" and known.percent:
        return f"{known.percent}{sign}{digits}"
    return f"{sign}{digits}{known.space}{one if digits == '1' else several}"


def _number(text: str, known: _Language) -> str:
    """With the decimal mark of the language: a point with one or two digits after it is one."""
    if known.decimal == "," and re.fullmatch(r"\d+\.\d{1,2}", text):
        return text.replace(".", ",")
    return text


def _english_time(hour: int, minute: int, half: str) -> str:
    if minute:
        said = f"{hour} {minute}" if minute >= 10 else f"{hour} oh {minute}"
    elif half:
        said = str(hour)
    else:
        said = f"{hour} o'clock" if hour <= 12 else f"{hour} hundred"
    return f"{said} {half}" if half else said


def _german_time(hour: int, minute: int, half: str) -> str:
    return f"{hour} Uhr {minute}" if minute else f"{hour} Uhr"


def _chinese_time(hour: int, minute: int, half: str) -> str:
    noon = {"AM": "上午", "PM": "下午"}.get(half, "")
    if not minute:
        return f"{noon}{hour}点"
    return f"{noon}{hour}点{'零' if minute < 10 else ''}{minute}分"


def _units(several: str, one: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """From names in the order of _SYMBOLS; `one`: those that differ for 1."""
    names = [name.strip() for name in several.split(",")]
    return {
        symbol: (one.get(symbol, name), name) for symbol, name in zip(_SYMBOLS, names, strict=True)
    }


def _short(words: Mapping[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(rf"(?<!\w){pattern}"), said) for pattern, said in words.items())


_ENGLISH = _Language(
    units=_units(
        "percent, degrees, degrees Fahrenheit, degrees, kilowatt hours, watt hours, kilowatts, "
        "watts, volts, amps, lux, hectopascals, parts per million, micrograms per cubic meter, "
        "cubic meters, square meters, kilometers per hour, meters per second, kilometers, "
        "centimeters, millimeters, meters, kilograms, grams, milliliters, liters, decibels, hertz, "
        "gigabytes, megabytes, milliseconds, minutes, hours, seconds, euros, dollars, pounds",
        {
            "°C": "degree", "°F": "degree Fahrenheit", "°": "degree", "kWh": "kilowatt hour",
            "Wh": "watt hour", "kW": "kilowatt", "W": "watt", "V": "volt", "A": "amp",
            "m³": "cubic meter", "m²": "square meter", "km/h": "kilometer per hour",
            "m/s": "meter per second", "km": "kilometer", "cm": "centimeter", "mm": "millimeter",
            "m": "meter", "kg": "kilogram", "g": "gram", "ml": "milliliter", "l": "liter",
            "dB": "decibel", "GB": "gigabyte", "MB": "megabyte", "ms": "millisecond",
            "min": "minute", "h": "hour", "s": "second", "€": "euro", "$": "dollar", "£": "pound",
        },
    ),
    range=" to ",
    time=_english_time,
    short=_short(
        {
            r"e\.\s?g\.,?": "for example", r"i\.\s?e\.,?": "that is", r"Dr\.": "Doctor",
            r"Mr\.": "Mister", r"Mrs\.": "Missus", r"Ms\.": "Miz", r"Prof\.": "Professor",
            r"vs\.": "versus", r"approx\.": "approximately", r"etc\.(?=\s[a-z])": "et cetera",
        }
    ),
)  # fmt: skip
_GERMAN = _Language(
    units=_units(
        "Prozent, Grad, Grad Fahrenheit, Grad, Kilowattstunden, Wattstunden, Kilowatt, Watt, Volt, "
        "Ampere, Lux, Hektopascal, Teile pro Million, Mikrogramm pro Kubikmeter, Kubikmeter, "
        "Quadratmeter, Kilometer pro Stunde, Meter pro Sekunde, Kilometer, Zentimeter, Millimeter, "
        "Meter, Kilogramm, Gramm, Milliliter, Liter, Dezibel, Hertz, Gigabyte, Megabyte, "
        "Millisekunden, Minuten, Stunden, Sekunden, Euro, Dollar, Pfund",
        {
            "kWh": "Kilowattstunde", "Wh": "Wattstunde", "ms": "Millisekunde", "min": "Minute",
            "h": "Stunde", "s": "Sekunde",
        },
    ),
    range=" bis ",
    time=_german_time,
    short=_short(
        {
            r"z\.\s?B\.": "zum Beispiel", r"d\.\s?h\.": "das heißt", r"u\.\s?a\.": "unter anderem",
            r"bzw\.": "beziehungsweise", r"usw\.(?=\s[a-zäöü])": "und so weiter", r"ca\.": "circa",
            r"Nr\.": "Nummer", r"Dr\.": "Doktor", r"Prof\.": "Professor", r"evtl\.": "eventuell",
        }
    ),
    decimal=",",
)  # fmt: skip
_CHINESE = _Language(
    units=_units(
        "%, 度, 华氏度, 度, 千瓦时, 瓦时, 千瓦, 瓦, 伏, 安, 勒克斯, 百帕, ppm, 微克每立方米, "
        "立方米, 平方米, 公里每小时, 米每秒, 公里, 厘米, 毫米, 米, 公斤, 克, 毫升, 升, 分贝, "
        "赫兹, GB, MB, 毫秒, 分钟, 小时, 秒, 欧元, 美元, 英镑",
        {},
    ),
    range="到",
    time=_chinese_time,
    short=(),
    minus="负",
    space="",
    percent="百分之",
)
_LANGUAGES = {"en": _ENGLISH, "de": _GERMAN, "zh": _CHINESE}
