"""English for the tolerant grammar."""

from __future__ import annotations

import re

from laresd.core.intent.colours import KELVIN, RGB
from laresd.core.intent.deeds import Verb
from laresd.core.intent.senses import Lexicon, PhraseBuilder, Sense

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
_UNITS += "fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_QUESTIONS = (
    "what whats hows who whom whose why how where when which can could "
    "do does did is are was were tell explain will would should"
)
_MODES = {  # of a device, in Home Assistant's words where these are not what people say
    "cooling": "cool",
    "heating": "heat",
    "drying": "dry",
    "fan": "fan_only",
    "automatic": "auto",
}
_NEWS = "weather rain raining rainy sunny snow snowing forecast news score traffic stock price wind"


def english() -> Lexicon:
    words = PhraseBuilder()
    _verbs(words)
    _verbs_of_kinds(words)
    _devices(words)
    _values(words)
    _rest(words)
    article = r"(?:my |the |our |that )?"
    return Lexicon(
        phrases=words.built(),
        add_item=(
            re.compile(
                rf"(?:add|put|write|place) (?P<item>.+) (?:to|on|onto|in) {article}(?P<list>.+)"
            ),
        ),
        complete_item=(
            re.compile(
                rf"(?:check|tick|cross|mark) (?:off )?(?P<item>.+?)(?: off| as done| as completed)?"
                rf" (?:on|from|off) {article}(?P<list>.+)"
            ),
        ),
        questions=frozenset(_QUESTIONS.split()),
        warmth=frozenset({"temperature", "warm", "hot", "cold", "degrees", "many"}),
        day=frozenset({"day", "date", "today", "weekday", "week"}),
        news=frozenset(_NEWS.split()),
        endings=("s", "es"),
        options=_MODES,
        modes=("mode", "preset", "program", "programme"),
    )


def _verbs(words: PhraseBuilder) -> None:
    words.verbs(
        {
            (Verb.ON,): "power on|power up|light up|illuminate|enable",
            (
                Verb.ON,
                Verb.ACTIVATE,
                Verb.START,
            ): "turn on|switch on|put on|activate|engage|fire up",
            (Verb.OFF,): "turn off|switch off|power off|power down|shut off|shut down|put out|kill|"
            "cut|deactivate|disable|extinguish|put off",
            (Verb.TOGGLE,): "toggle",
            (Verb.OPEN,): "open|open up|roll up|pull up|draw open|unroll|raise up",
            (Verb.CLOSE, Verb.OFF): "shut",
            (Verb.CLOSE,): "close|close up|roll down|pull down|draw|draw shut",
            (Verb.OPEN, Verb.MORE): "raise|lift",
            (Verb.CLOSE, Verb.LESS): "lower",
            (Verb.STOP, Verb.PAUSE): "stop|halt|freeze|stop playing",
            (Verb.PRESS,): "press|push|tap|hit",
            (Verb.ACTIVATE, Verb.START): "run|execute|launch",
            (Verb.START, Verb.ACTIVATE, Verb.PLAY, Verb.ON): "start|start up|begin",
            (Verb.PLAY,): "resume|unpause|continue|resume playing|continue playing|keep playing|"
            "start playing|resume playback|unfreeze",
            (Verb.PLAY, Verb.NEXT, Verb.PREVIOUS): "play",
            (Verb.NEXT,): "next|skip|skip to the next|skip to next|skip ahead|forward",
            (Verb.PREVIOUS,): "previous|go back to the previous|go back to the last|skip back",
            (Verb.SET,): "set|adjust|change|make",
            (Verb.MORE,): "increase|turn up|bump up|more|higher|boost",
            (Verb.LESS,): "decrease|reduce|turn down|less",
        }
    )
    words.add(Sense(verbs=(Verb.LESS, Verb.CLOSE)), "bring down")
    words.add(Sense(verbs=(Verb.PAUSE,)), "pause|hold")
    words.add(Sense(carrier=True), "turn|switch|put|flip|get|bring|set|make|change|have|leave")
    words.add(Sense(particle=(Verb.ON, Verb.ACTIVATE)), "on")
    words.add(Sense(particle=(Verb.OFF,)), "off")
    words.add(Sense(particle=(Verb.OPEN, Verb.MORE)), "up")
    words.add(Sense(particle=(Verb.CLOSE, Verb.LESS)), "down")
    words.add(Sense(particle=(Verb.OPEN,)), "wide open")


def _verbs_of_kinds(words: PhraseBuilder) -> None:
    """Verbs that tell what they are about."""
    words.verbs({(Verb.LOCK,): "lock|lock up|secure", (Verb.UNLOCK,): "unlock"}, ("lock",))
    media = ("media_player",)
    words.verbs({(Verb.MUTE,): "mute|silence", (Verb.UNMUTE,): "unmute"}, media)
    words.verbs({(Verb.MORE,): "louder", (Verb.LESS,): "quieter|softer"}, media)
    light = ("light",)
    words.verbs({(Verb.MORE,): "brighten|brighter", (Verb.LESS,): "dim|dimmer|darker"}, light)
    words.verbs({(Verb.MORE,): "warmer|hotter", (Verb.LESS,): "cooler|colder"}, ("climate",))
    words.verbs({(Verb.MORE,): "faster", (Verb.LESS,): "slower"}, ("fan",))
    robots = ("vacuum", "lawn_mower")
    words.verbs(
        {
            (Verb.START,): "start cleaning|start vacuuming|start mowing|vacuuming",
            (Verb.STOP, Verb.PAUSE): "stop cleaning|stop vacuuming|stop mowing",
            (Verb.DOCK,): "dock|return to base|return to its base|return to dock|go back to base|"
            "go to base|back to base|back to the base|to its base|to its dock|to the dock|to base|"
            "to dock|return to the dock|go back to its dock",
        },
        robots,
    )
    words.verbs(
        {
            (Verb.START,): "vacuum|hoover|clean|mow|sweep",
            (
                Verb.DOCK,
            ): "go home|return home|send home|home|back home|return|send|charge|recharge",
        },
        robots,
        needs_target=True,
    )


def _devices(words: PhraseBuilder) -> None:
    words.kinds(
        {"": ("light|lamp|bulb|light bulb|lighting|lantern|spotlight", "lights|lamps|bulbs")},
        ("light",),
    )
    words.kinds({"": ("fan|ventilator", "fans")}, ("fan",))
    words.kinds({"": ("switch|plug|socket|outlet", "switches|plugs|outlets")}, ("switch",))
    words.kinds(
        {"": ("valve|water valve|tap|faucet|water|sprinkler", "valves|sprinklers")}, ("valve",)
    )
    words.kinds({"": ("thermostat|heating|heater|heat|air conditioning|ac", "")}, ("climate",))
    words.kinds({"": ("vacuum|vacuum cleaner|robot|hoover", "")}, ("vacuum",))
    words.kinds({"": ("mower|lawn mower", "")}, ("lawn_mower",))
    words.kinds({"": ("scene|mode", "")}, ("scene", "script"))
    words.kinds({"": ("script|routine", "")}, ("script", "scene"))
    words.kinds({"": ("button", "")}, ("button", "input_button"))
    words.kinds(
        {"": ("list|to do list|todo list|todo|to do|shopping list|tasks|task list", "lists")},
        ("todo",),
    )
    words.kinds(
        {
            "": (
                "speaker|tv|television|music|radio|song|track|stereo|player|media player|"
                "playback|media|album|movie|video",
                "speakers|songs|tracks",
            )
        },
        ("media_player",),
    )
    words.kinds(
        {
            "curtain": ("curtain|drape", "curtains|drapes"),
            "blind": ("blind|roller blind", "blinds|roller blinds"),
            "shade": ("shade", "shades"),
            "shutter": ("shutter|roller shutter", "shutters|roller shutters"),
            "awning": ("awning", "awnings"),
            "garage": ("garage door|garage", "garage doors"),
            "gate": ("gate", "gates"),
            "window": ("window", "windows"),
        },
        ("cover",),
    )
    words.kinds({"door": ("door", "doors")}, ("cover", "lock"))
    words.kinds({"": ("lock|deadbolt", "locks")}, ("lock",))


def _values(words: PhraseBuilder) -> None:
    for value, word in enumerate(_UNITS.split()):
        words.add(Sense(number=float(value)), word)
    for value, ten in enumerate(_TENS.split(), 2):
        words.add(Sense(number=10.0 * value), ten)
        for unit, word in enumerate(_UNITS.split()[1:10], 1):
            words.add(Sense(number=10.0 * value + unit), f"{ten} {word}")
    words.add(Sense(number=100.0), "hundred|one hundred|a hundred")
    words.add(Sense(unit="percent"), "%|percent|per cent")
    words.add(Sense(unit="degrees"), "°|degrees|degree|° c|degrees celsius|celsius|° f|fahrenheit")
    words.add(Sense(unit="kelvin"), "kelvin|k")
    words.add(Sense(level=50.0), "half|halfway|half way|half open|medium|a half")
    words.add(Sense(level=100.0), "maximum|max|full|fully|completely|all the way|highest")
    words.add(Sense(level=1.0), "minimum|min|lowest")
    words.add(Sense(level=25.0), "a quarter")
    words.add(Sense(level=75.0), "three quarters")
    for color in RGB:
        words.add(Sense(color=color), color)
    words.add(Sense(color="gray"), "grey")
    words.add(Sense(kelvin=KELVIN["warm"]), "warm white|warm|soft white")
    words.add(Sense(kelvin=KELVIN["cool"]), "cool white|cold white|cold|cool")
    words.add(Sense(kelvin=KELVIN["daylight"]), "daylight|day light")
    words.add(Sense(kelvin=KELVIN["neutral"]), "neutral white|natural white")
    words.add(Sense(kelvin=KELVIN["candle"]), "candle light|candlelight")
    words.add(Sense(by=True), "by")
    words.add(Sense(clock=True, filler=True), "at")
    words.add(Sense(quality=True, implied=("light",)), "brightness|color|colour|dimmer level")
    words.add(Sense(quality=True, implied=("media_player",)), "volume|sound")
    words.add(Sense(quality=True, implied=("climate",)), "temperature|target temperature")
    words.add(Sense(quality=True, implied=("light",)), "color temperature|colour temperature")
    words.add(Sense(quality=True, implied=("fan",)), "speed|fan speed")
    words.add(Sense(quality=True, implied=("cover", "valve")), "position|opening")
    words.add(
        Sense(quality=True, tilt=True, implied=("cover",)),
        "slats|slat|louvers|louver|louvres|louvre|slat angle|tilt angle|tilt position",
    )
    words.add(Sense(carrier=True, tilt=True), "tilt")


def _rest(words: PhraseBuilder) -> None:
    words.add(Sense(every=True), "all|every|all of|each|both|every single|the whole")
    words.add(Sense(everything=True), "everything|all devices|all the devices|every device")
    words.add(Sense(here=True), "here|in here|in this room|this room|around here")
    words.add(Sense(link=True), "and|and also|and then|then|as well as|plus")
    words.add(
        Sense(filler=True),
        "the|a|an|my|our|your|this|that|these|those|to|in|at|of|for|on the|on my|on our|in the|"
        "please|thanks|thank you|kindly|hey|hi|hello|okay|ok|now|right now|immediately|just|"
        "can you|could you|would you|will you|can you please|could you please|would you please|"
        "could you just|can we|can i get|i want you to|i would like you to|id like you to|i want|"
        "i need you to|would you mind|do me a favor and|go ahead and|for me|lets|let us|"
        "i would like|id like|id like to|we need|i want to|would you be so kind and|"
        "be so kind and|quickly|"
        "a bit|a little|a little bit|slightly|some|lares|computer|again|from|with|level|value|"
        "it|inside|room|up to|down to|back|way|it is time to|time to|go and|try to|setting|device",
    )
    words.add(
        Sense(stop=True),
        "not|dont|do not|never|no|without|except|cant|cannot|wont|shouldnt|isnt|if|when|whenever|"
        "while|until|till|unless|after|before|once|tomorrow|tonight|yesterday|today|later|soon|"
        "minute|minutes|second|seconds|hour|hours|oclock|am|pm|morning|evening|noon|midnight|"
        "sunset|sunrise|monday|tuesday|wednesday|thursday|friday|saturday|sunday|every day|"
        "every night|always|said|says|say|told|tells|asked|what|whats|why|who|where|which|how|"
        "is|are|was|were|did|does|do you|should|might|may|maybe|perhaps|almost|forgot|remind|"
        "remember|imagine|pretend|instead|anymore|i|he|she|they|we|you|him|them|us",
    )
