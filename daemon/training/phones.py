"""The phone alphabet of the acoustic targets, and the way from eSpeak's phoneme names to it.

One alphabet serves every synthesizer: a word's phones are those that eSpeak's American English
gives the word on its own, whoever speaks it. Accents are the encoder's business.
"""

from __future__ import annotations

SILENCE = "sil"
VOWELS = (
    "aa",
    "ae",
    "ah",
    "ao",
    "aw",
    "ax",
    "ay",
    "eh",
    "er",
    "ey",
    "ih",
    "iy",
    "ow",
    "oy",
    "uh",
    "uw",
)
CONSONANTS = (
    "b",
    "ch",
    "d",
    "dh",
    "f",
    "g",
    "hh",
    "jh",
    "k",
    "l",
    "m",
    "n",
    "ng",
    "p",
    "r",
    "s",
    "sh",
    "t",
    "th",
    "v",
    "w",
    "y",
    "z",
    "zh",
)
PHONES = (SILENCE, *VOWELS, *CONSONANTS)  # index 0 is silence, and the blank of CTC
PHONE_INDEX = {phone: index for index, phone in enumerate(PHONES)}

_CONSONANT_NAMES = {
    "tS": "ch",
    "dZ": "jh",
    "T": "th",
    "D": "dh",
    "S": "sh",
    "Z": "zh",
    "N": "ng",
    "h": "hh",
    "j": "y",
    "b": "b",
    "d": "d",
    "f": "f",
    "g": "g",
    "k": "k",
    "l": "l",
    "m": "m",
    "n": "n",
    "p": "p",
    "r": "r",
    "R": "r",
    "s": "s",
    "t": "t",
    "v": "v",
    "w": "w",
    "z": "z",
    "x": "k",
    "C": "hh",
    "B": "v",
}
_VOWEL_NAMES = {
    "A@": ("aa", "r"),
    "e@": ("eh", "r"),
    "i@": ("ih", "r"),
    "i@3": ("ih", "r"),
    "I@": ("ih", "r"),
    "O@": ("ao", "r"),
    "o@": ("ao", "r"),
    "U@": ("uh", "r"),
    "aI@": ("ay", "er"),
    "aI3": ("ay", "er"),
    "aU@": ("aw", "er"),
    "VR": ("ah", "r"),
    "@L": ("ax", "l"),
    "IR": ("ih", "r"),
    "3": ("er",),
    "3:": ("er",),
    "@r": ("er",),
    "aI": ("ay",),
    "aU": ("aw",),
    "eI": ("ey",),
    "oU": ("ow",),
    "OI": ("oy",),
    "a": ("ae",),
    "aa": ("ae",),
    "a:": ("aa",),
    "A": ("aa",),
    "0": ("aa",),
    "V": ("ah",),
    "@": ("ax",),
    "E": ("eh",),
    "e": ("eh",),
    "e:": ("ey",),
    "I": ("ih",),
    "i": ("iy",),
    "y": ("iy",),
    "O": ("ao",),
    "o": ("ow",),
    "o:": ("ow",),
    "U": ("uh",),
    "u": ("uw",),
    "Y": ("uh",),
    "W": ("er",),
}


def arpabet(name: str) -> tuple[str, ...]:
    """Map one eSpeak phoneme name (``tS``, ``A@``, ``I2``) to phones; pauses and stress marks give
    ``()``.

    Raises KeyError for a name that no English voice uses, so that a new eSpeak is noticed.
    """
    bare = (
        name.strip("',%=;_|*-?\u02c8\u02cc ")
        .replace("#", "")
        .replace("^", "")
        .replace("~", "")
        .replace("`", "")
    )
    if not bare or bare == ":":
        return ()
    for candidate in (bare, bare.rstrip("23456789"), bare.rstrip(":"), bare.rstrip("23456789:")):
        if candidate in _CONSONANT_NAMES:
            return (_CONSONANT_NAMES[candidate],)
        if candidate in _VOWEL_NAMES:
            return _VOWEL_NAMES[candidate]
    raise KeyError(name)
