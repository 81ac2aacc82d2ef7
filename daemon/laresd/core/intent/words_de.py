"""German for the tolerant grammar."""

from __future__ import annotations

import re

from laresd.core.intent.colours import KELVIN
from laresd.core.intent.deeds import Verb
from laresd.core.intent.senses import Lexicon, PhraseBuilder, Sense

_UNITS = "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
_UNITS += "fünfzehn sechzehn siebzehn achtzehn neunzehn"
_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_COLORS = {
    "white": "weiß|weiss", "red": "rot", "orange": "orange", "yellow": "gelb", "green": "grün",
    "blue": "blau", "purple": "lila", "violet": "violett", "brown": "braun", "pink": "rosa|pink",
    "turquoise": "türkis", "cyan": "cyan", "magenta": "magenta", "gray": "grau", "gold": "gold",
}  # fmt: skip
_QUESTIONS = (
    "was wer wen wem wessen warum wieso wie wo wann "
    "welche welcher welches kann könnte ist sind war erzähl erkläre"
)
_MODES = {  # as people call them, in Home Assistant's words
    "kühlen": "cool",
    "heizen": "heat",
    "entfeuchten": "dry",
    "trocknen": "dry",
    "lüften": "fan_only",
    "automatik": "auto",
    "automatisch": "auto",
    "abwesend": "away",
    "schlaf": "sleep",
    "schlafen": "sleep",
    "komfort": "comfort",
    "sparen": "eco",
    "leise": "quiet",
}
_NEWS = "wetter regen regnet schnee schneit sonne scheint vorhersage nachrichten verkehr kurs preis"


def german() -> Lexicon:
    words = PhraseBuilder()
    _verbs(words)
    _verbs_of_kinds(words)
    _devices(words)
    _values(words)
    _rest(words)
    article = r"(?:die |der |den |meine |meiner |unsere |unserer |das |dem )?"
    return Lexicon(
        phrases=words.built(),
        add_item=(
            re.compile(
                rf"(?:setze?|schreibe?|packe?|füge?|tue?|notiere?) (?P<item>.+?) (?:auf|zu|zur|in) "
                rf"{article}(?P<list>.+?)(?: hinzu| drauf| ein)?"
            ),
        ),
        complete_item=(
            re.compile(
                rf"(?:hake?|streiche?) (?P<item>.+?) (?:auf|von|in|aus) {article}(?P<list>.+?)"
                r"(?: ab)?"
            ),
        ),
        particle_last=frozenset({"auf", "zu", "hoch", "runter", "ab"}),
        questions=frozenset(_QUESTIONS.split()),
        warmth=frozenset({"temperatur", "warm", "kalt", "grad", "viel", "heiß"}),
        day=frozenset({"tag", "datum", "heute", "wochentag", "wievielte"}),
        news=frozenset(_NEWS.split()),
        endings=("n", "en", "er", "e", "s", "es"),
        options=_MODES,
        modes=("modus", "betriebsart", "betrieb", "programm"),
        links=("n", "s", "en", "es"),
    )


def _verbs(words: PhraseBuilder) -> None:
    words.verbs(
        {
            (Verb.ON,): "einschalten|anschalten|anmachen|anknipsen|andrehen|einschalte|anstellen",
            (Verb.OFF,): "ausschalten|ausmachen|abschalten|ausknipsen|abdrehen|deaktiviere|"
            "deaktivieren|abstellen|lösche|ausstellen",
            (Verb.ON, Verb.ACTIVATE): "aktiviere|aktivieren",
            (Verb.TOGGLE,): "umschalten|schalte um",
            (Verb.OPEN,): "öffne|öffnen|aufmachen|hochfahren|hochziehen|aufziehen|aufsperren",
            (Verb.CLOSE,): "schließe|schließen|schliesse|schliessen|schließ|zumachen|zuziehen|"
            "herunterfahren|runterfahren|herunterlassen|runterlassen",
            (Verb.STOP, Verb.PAUSE): "stopp|stoppe|stoppen|anhalten|halte an",
            (Verb.PAUSE,): "pausiere|pausieren|pause",
            (Verb.PLAY,): "fortsetzen|weiterspielen|setze fort",
            (Verb.PLAY, Verb.NEXT, Verb.PREVIOUS): "spiele|spiel|abspielen",
            (Verb.NEXT,): "nächste|nächster|nächsten|nächstes|überspringe|überspringen|weiter",
            (Verb.PREVIOUS,): "vorige|vorigen|voriger|vorheriges|vorherigen|vorherige|voriges",
            (Verb.PRESS,): "drücke|drück|drücken|betätige",
            (Verb.START, Verb.ACTIVATE, Verb.PLAY, Verb.ON): "starte|starten|start|beginne",
            (Verb.ACTIVATE,): "führe aus|ausführen",
            (Verb.MORE,): "erhöhe|erhöhen|steigere|mehr|höher",
            (Verb.LESS,): "verringere|reduziere|senke|verringern|senken|weniger|niedriger",
        }
    )
    words.add(
        Sense(carrier=True),
        "schalte|schalt|mache|mach|dreh|drehe|stell|stelle|setz|setze|fahr|fahre|zieh|ziehe|knips|"
        "knipse|lass|lasse|ändere|färbe|regle|regel|regele|stellen|setzen|drehen|fahren|machen|"
        "schalten|schick|schicke|sende",
    )
    words.add(Sense(particle=(Verb.ON, Verb.ACTIVATE)), "an|ein")
    words.add(Sense(particle=(Verb.OFF,)), "aus")
    words.add(Sense(particle=(Verb.OPEN, Verb.ON, Verb.MORE)), "auf")
    words.add(Sense(particle=(Verb.CLOSE,)), "zu")
    words.add(Sense(particle=(Verb.LOCK, Verb.OFF, Verb.LESS)), "ab")
    words.add(Sense(particle=(Verb.OPEN, Verb.MORE)), "hoch|rauf|herauf")
    words.add(Sense(particle=(Verb.CLOSE, Verb.LESS)), "runter|herunter|hinunter")


def _verbs_of_kinds(words: PhraseBuilder) -> None:
    """Verbs that tell what they are about."""
    words.verbs(
        {
            (Verb.LOCK,): "verriegle|verriegele|verriegeln|abschließen|sperre ab|absperren|"
            "zusperren|verschließe|abschliessen",
            (Verb.UNLOCK,): "entriegle|entriegele|entriegeln|aufschließen|entsperre|entsperren",
        },
        ("lock",),
    )
    media = ("media_player",)
    words.verbs({(Verb.MUTE,): "stumm|stummschalten", (Verb.UNMUTE,): "ton an"}, media)
    words.verbs({(Verb.MORE,): "lauter", (Verb.LESS,): "leiser"}, media)
    words.verbs({(Verb.MORE,): "heller", (Verb.LESS,): "dunkler|dimme|dimmen"}, ("light",))
    words.verbs({(Verb.MORE,): "wärmer", (Verb.LESS,): "kälter|kühler"}, ("climate",))
    words.verbs({(Verb.MORE,): "schneller", (Verb.LESS,): "langsamer"}, ("fan",))
    words.verbs(
        {
            (Verb.START,): "sauge|saugen|staubsaugen|reinige|reinigen|mähe|putze|putzen",
            (Verb.DOCK,): "zurück zur station|zur station|nach hause|zur basis|zurück zur basis|"
            "zur ladestation|zurück zur ladestation|zurück|fahre zurück|aufladen",
        },
        ("vacuum", "lawn_mower"),
        needs_target=True,
    )


def _devices(words: PhraseBuilder) -> None:
    words.kinds(
        {"": ("licht|lampe|leuchte|birne|beleuchtung", "lichter|lampen|leuchten|lichtern")},
        ("light",),
    )
    words.kinds({"": ("ventilator|lüfter|lüftung", "ventilatoren|lüfter")}, ("fan",))
    words.kinds({"": ("schalter|steckdose", "steckdosen")}, ("switch",))
    words.kinds({"": ("ventil|wasserventil", "ventile")}, ("valve",))
    words.kinds({"": ("heizung|thermostat|klimaanlage", "heizungen|thermostate")}, ("climate",))
    words.kinds({"": ("staubsauger|sauger|saugroboter|roboter", "")}, ("vacuum",))
    words.kinds({"": ("rasenmäher|mäher|mähroboter", "")}, ("lawn_mower",))
    words.kinds({"": ("szene|modus", "szenen")}, ("scene", "script"))
    words.kinds({"": ("skript|ablauf", "")}, ("script", "scene"))
    words.kinds({"": ("knopf|taste", "")}, ("button", "input_button"))
    words.kinds({"": ("liste|einkaufsliste|aufgabenliste|einkaufszettel", "")}, ("todo",))
    words.kinds(
        {
            "": (
                "lautsprecher|fernseher|musik|radio|lied|titel|anlage|player|stereoanlage|song|film",
                "",
            )
        },
        ("media_player",),
    )
    words.kinds(
        {
            "curtain": ("vorhang|gardine", "vorhänge|gardinen"),
            "blind": ("jalousie|raffstore", "jalousien"),
            "shutter": ("rollladen|rolladen|rollo|laden", "rollläden|rolläden|rollos"),
            "awning": ("markise", "markisen"),
            "garage": ("garagentor|garage", "garagentore"),
            "gate": ("tor", "tore"),
            "window": ("fenster", ""),
        },
        ("cover",),
    )
    words.kinds({"door": ("tür|haustür", "türen")}, ("cover", "lock"))
    words.kinds({"": ("schloss|türschloss", "schlösser")}, ("lock",))


def _values(words: PhraseBuilder) -> None:
    for value, word in enumerate(_UNITS.split()):
        words.add(Sense(number=float(value)), word)
    for value, ten in enumerate(_TENS.split(), 2):
        words.add(Sense(number=10.0 * value), ten)
        for unit, word in enumerate(_UNITS.split()[1:10], 1):
            joined = "ein" if word == "eins" else word
            words.add(Sense(number=10.0 * value + unit), f"{joined}und{ten}")
    words.add(Sense(number=100.0), "hundert|einhundert")
    words.add(Sense(unit="percent"), "%|prozent")
    words.add(Sense(unit="degrees"), "°|grad|° c|grad celsius")
    words.add(Sense(unit="kelvin"), "kelvin|k")
    words.add(Sense(level=50.0), "halb|hälfte|zur hälfte|halbe|die hälfte")
    words.add(Sense(level=100.0), "maximum|maximal|voll|ganz|volle|vollständig|komplett|höchste")
    words.add(Sense(level=1.0), "minimum|minimal|niedrigste")
    for color, phrases in _COLORS.items():
        words.add(Sense(color=color), phrases)
    words.add(Sense(kelvin=KELVIN["warm"]), "warmweiß|warm weiß|warmes weiß")
    words.add(Sense(kelvin=KELVIN["cool"]), "kaltweiß|kalt weiß|kaltes weiß")
    words.add(Sense(kelvin=KELVIN["daylight"]), "tageslicht|tageslichtweiß")
    words.add(Sense(kelvin=KELVIN["neutral"]), "neutralweiß")
    words.add(Sense(by=True, clock=True), "um")
    words.add(Sense(clock=True, filler=True), "gegen|ab")
    words.add(Sense(quality=True, implied=("light",)), "helligkeit|farbe|farbtemperatur")
    words.add(Sense(quality=True, implied=("media_player",)), "lautstärke|ton")
    words.add(Sense(quality=True, implied=("climate",)), "temperatur")
    words.add(Sense(quality=True, implied=("fan",)), "geschwindigkeit|drehzahl")
    words.add(Sense(quality=True, implied=("cover", "valve")), "position")
    words.add(
        Sense(quality=True, tilt=True, implied=("cover",)),
        "lamellen|lamelle|lamellenwinkel|lamellenstellung|lamellenneigung",
    )


def _rest(words: PhraseBuilder) -> None:
    words.add(
        Sense(every=True), "überall|alle|allen|sämtliche|jede|jedes|jeden|beide|ganze|gesamte"
    )
    words.add(Sense(everything=True), "alles|alle geräte")
    words.add(Sense(here=True), "hier|in diesem raum|in diesem zimmer|hier drin")
    words.add(Sense(link=True), "und|und auch|sowie|und dann|dann")
    words.add(
        Sense(filler=True),
        "der|die|das|den|dem|des|ein|eine|einen|einem|einer|mein|meine|meinen|meiner|meinem|unser|"
        "unsere|unseren|unserem|unserer|in|im|ins|am|vom|von|zum|zur|bei|beim|für|auf|an der|"
        "an dem|auf dem|auf der|in der|in dem|bitte|danke|mal|doch|jetzt|sofort|gleich|schnell|hey|"
        "hallo|okay|ok|kannst du|könntest du|würdest du|kannst du bitte|könntest du bitte|"
        "würdest du bitte|ich möchte dass du|sei so gut und|ich hätte gern|ich hätte gerne|mir|"
        "es|etwas|ein bisschen|ein wenig|lares|wieder|mit|zimmer|raum|stufe|wert|sei so nett und|"
        "bitte mal|können wir|lass uns",
    )
    words.add(
        Sense(stop=True),
        "nicht|kein|keine|keinen|nie|niemals|ohne|außer|ausser|wenn|falls|sobald|während|bis|"
        "nachdem|bevor|morgen|heute|gestern|später|nachher|abend|abends|nachts|minute|minuten|"
        "sekunde|sekunden|stunde|stunden|uhr|mitternacht|sonnenuntergang|sonnenaufgang|montag|"
        "dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|immer|sagte|sagt|gesagt|was|warum|"
        "wer|wo|wie|welche|welcher|welches|ist|sind|war|waren|wurde|hat|habe|hatte|sollte|soll|"
        "vielleicht|fast|vergessen|erinnere|statt|anstatt|ich|er|sie|wir|du|ihr|man",
    )
