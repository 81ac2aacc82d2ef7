"""What Lares says in German. Device names stay as they are and without an article: no gender."""

from __future__ import annotations

from datetime import datetime

from laresd.core.intent.meaning import Trouble
from laresd.core.replies.phrasebook import Phrasebook
from laresd.types import Command


def _time(now: datetime) -> str:
    return f"Es ist {now.hour} Uhr {now.minute}." if now.minute else f"Es ist {now.hour} Uhr."


def _date(now: datetime) -> str:
    return f"Heute ist {_DAYS[now.weekday()]}, der {now.day}. {_MONTHS[now.month - 1]} {now.year}."


_DAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
_MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
    "November", "Dezember",
)  # fmt: skip

GERMAN = Phrasebook(
    did={
        Command.TURN_ON: "{names} eingeschaltet.",
        Command.TURN_OFF: "{names} ausgeschaltet.",
        Command.TOGGLE: "{names} umgeschaltet.",
        Command.OPEN: "{names} geöffnet.",
        Command.CLOSE: "{names} geschlossen.",
        Command.STOP: "{names} angehalten.",
        Command.SET_POSITION: "{names} auf {position} Prozent gestellt.",
        Command.SET_TILT: "Lamellen auf {tilt} Prozent gestellt: {names}.",
        Command.LOCK: "{names} verriegelt.",
        Command.UNLOCK: "{names} entriegelt.",
        Command.SET_TEMPERATURE: "{names} auf {temperature} Grad gestellt.",
        Command.SET_MODE: "{names} auf {mode} gestellt.",
        Command.SET_SPEED: "{names} auf {percentage} Prozent gestellt.",
        Command.PRESS: "{names} gedrückt.",
        Command.ACTIVATE: "{names} aktiviert.",
        Command.SELECT: "{names} auf {option} gestellt.",
        Command.SET_VALUE: "{names} auf {value} gestellt.",
        Command.PLAY: "{names} spielt.",
        Command.PAUSE: "{names} pausiert.",
        Command.NEXT: "Nächster Titel auf {names}.",
        Command.PREVIOUS: "Voriger Titel auf {names}.",
        Command.SET_VOLUME: "Lautstärke von {names} auf {volume_pct} Prozent gestellt.",
        Command.MUTE: "{names} stumm geschaltet.",
        Command.UNMUTE: "Ton von {names} wieder an.",
        Command.START: "{names} gestartet.",
        Command.DOCK: "{names} fährt zurück zur Station.",
        Command.ADD_ITEM: "{item} auf {names} gesetzt.",
        Command.COMPLETE_ITEM: "{item} auf {names} abgehakt.",
    },
    did_light="{names} auf {what} gestellt.",
    already={
        Command.TURN_ON: "{names} {be} schon an.",
        Command.TURN_OFF: "{names} {be} schon aus.",
        Command.OPEN: "{names} {be} schon offen.",
        Command.CLOSE: "{names} {be} schon geschlossen.",
        Command.LOCK: "{names} {be} schon verriegelt.",
        Command.UNLOCK: "{names} {be} schon entriegelt.",
        Command.SET_VALUE: "{names} {be} schon so eingestellt.",
    },
    no_answer="Keine Antwort von {names}.",
    unavailable="{names} {be} nicht erreichbar.",
    unsupported="{names} kann das nicht.",
    failed="Ich konnte {names} nicht erreichen: Der MQTT-Broker antwortet nicht.",
    delayed="{names}: Das muss warten, der MQTT-Broker antwortet nicht. "
    "Ist er bald zurück, hole ich es nach.",
    trouble={
        Trouble.UNKNOWN_DEVICE: "Ich kenne kein Gerät namens {name}.",
        Trouble.NOTHING_THERE: "Ich kenne hier nichts dieser Art: {kind}.",
        Trouble.AMBIGUOUS: "Was ist gemeint: {names}?",
        Trouble.UNSUPPORTED: "{name} kann das nicht.",
        Trouble.READ_ONLY: "{name}: den Zustand kenne ich, steuern kann ich es nicht.",
        Trouble.OUT_OF_RANGE: "{name} geht von {minimum} bis {maximum}.",
        Trouble.LATER: "Später kann ich noch nichts tun, nur jetzt.",
        Trouble.NO_RELATIVE: "Ich weiß nicht, wie {name} eingestellt ist. Bitte nenne die Prozent.",
        Trouble.ONE_ROOM: "Ich kann {name} nur ganz starten, nicht für einen Raum: {area}.",
        Trouble.DANGEROUS: "Ich bin nicht sicher, ob {name} gemeint ist. Bitte nenne den Namen.",
    },
    nothing_there_in="Ich kenne in {area} nichts dieser Art: {kind}.",
    kinds={
        "light": ("Licht", "Lichter"),
        "switch": ("Schalter", "Schalter"),
        "fan": ("Ventilator", "Ventilatoren"),
        "cover": ("Rollladen", "Rollläden"),
        "valve": ("Ventil", "Ventile"),
        "lock": ("Schloss", "Schlösser"),
        "climate": ("Thermostat", "Thermostate"),
        "media_player": ("Abspielgerät", "Abspielgeräte"),
        "vacuum": ("Staubsauger", "Staubsauger"),
        "todo": ("Liste", "Listen"),
        "temperature": ("Thermometer", "Thermometer"),
        "window": ("Fenster", "Fenster"),
        "door": ("Tür", "Türen"),
        "curtain": ("Vorhang", "Vorhänge"),
        "blind": ("Jalousie", "Jalousien"),
        "garage": ("Garagentor", "Garagentore"),
        "device": ("Gerät", "Geräte"),
    },
    count="{n} {kind}",
    colors={
        "white": "weiß", "black": "schwarz", "red": "rot", "orange": "orange", "yellow": "gelb",
        "green": "grün", "blue": "blau", "purple": "lila", "violet": "violett", "brown": "braun",
        "pink": "rosa", "turquoise": "türkis", "cyan": "cyan", "magenta": "magenta",
        "gray": "grau", "gold": "gold",
    },
    percent="{value} Prozent",
    kelvin="{value} Kelvin",
    degrees="{value} Grad",
    joined=(", ", " und "),
    either=(", ", " oder "),
    in_room="{name} ({area})",
    be=("ist", "sind"),
    state_is="{names} {be} {state}.",
    states={
        "on": "an", "off": "aus", "open": "offen", "closed": "geschlossen", "locked": "verriegelt",
        "unlocked": "entriegelt", "opening": "am Öffnen", "closing": "am Schließen",
        "heat": "am Heizen", "cool": "am Kühlen", "playing": "am Spielen", "paused": "pausiert",
        "idle": "untätig", "home": "zu Hause", "not_home": "unterwegs", "cleaning": "am Saugen",
        "docked": "in der Station", "returning": "auf dem Rückweg",
    },
    light_at="{state}, auf {percent}",
    measured="{name}: {value} {unit}.",
    units={"%": "Prozent", "°C": "Grad", "°F": "Grad", "W": "Watt", "kWh": "Kilowattstunden"},
    yes="Ja.",
    no="Nein.",
    yes_told="Ja, {told}",
    yes_which="Ja: {names}.",
    no_but="Nein, {names} {be} {state}.",
    not_all="Nein, {names} {be} es nicht.",
    none="Nichts.",
    how_many="{n}: {names}.",
    temperature="Es sind {value} Grad.",
    temperature_in="{area}: {value} Grad.",
    unknown_state="Ich kenne den Zustand von {name} nicht.",
    time=_time,
    date=_date,
    talk={
        "nevermind": "Gut.",
        "hello": "Hallo!",
        "commands": "Ich kann schalten, dimmen, öffnen, schließen, antworten und Timer stellen.",
        "creator": "Ich bin Lares, der Hüter dieses Hauses.",
        "data": "Was du sagst, bleibt in diesem Haus.",
        "listening": "Ich höre erst nach dem Weckwort zu.",
    },
    not_understood="Das habe ich nicht verstanden.",
    not_understood_text="„{text}“ habe ich nicht verstanden.",
    too_long="Das war mir zu lang. Bitte sag es in einem kurzen Satz.",
    error="Entschuldigung: {message}.",
    error_with_remedy="Entschuldigung: {message}. {remedy}.",
    no_time="Das hat zu lange gedauert. Bitte noch einmal.",
    broken_off="Entschuldigung, der Rest der Antwort kam nicht.",
)  # fmt: skip
