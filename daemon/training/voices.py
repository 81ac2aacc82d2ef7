"""The catalogue of voices: which synthesizers, which of their voices, and which are never trained
on.
"""

# ruff: noqa: SIM905 (a text of words reads better than a column of strings)

from __future__ import annotations

from dataclasses import dataclass

# Databases that can say nearly all English phone pairs.
_MBROLA_FEMALE = """
bz1 cz1 de1 de3 de5 de7 fr2 fr4 hb2 hu1 it4 nl3 pl1 pt1 sw2 tl1 tr2 us1
""".split()
_MBROLA_MALE = """
af1 ca2 cr1 cz2 de2 de4 de6 de8 ee1 en1 es1 es2 es4 fr1 fr3 fr5 fr6 fr7 gr1 hb1 ic1 it3 la1 mx1
mx2 nl2 sw1 tr1 us2 us3
""".split()
_MBROLA_ENGLISH = {"us1": 5.0, "us3": 5.0, "en1": 5.0, "us2": 5.0}
_MBROLA_HELD_OUT = {"us2", "fr2", "es2", "de4", "nl3"}

_ESPEAK_ACCENTS = """
en-us en-us gmw/en gmw/en-029 gmw/en-GB-scotland gmw/en-GB-x-rp gmw/en-GB-x-gbclan gmw/en-US-nyc
""".split()
_ESPEAK_VARIANTS = """
Alex Alicia Andrea Andy Annie Denis Diogo Gene Gene2 Henrique Hugo Jacky Lee Marco Mario Michael
Mike Nguyen RicishayMax adam anika antonio aunty belinda benjamin boris caleb david ed edward
edward2 f1 f2 f3 f4 f5 grandma grandpa gustave iven iven2 iven3 iven4 john kaukovalta klatt
klatt2 klatt3 klatt4 klatt5 linda m1 m2 m3 m4 m5 m6 m7 m8 marcelo max michel miguel norbert pablo
paul pedro quincy rob robert sandro shelby steph steph2 steph3 travis victor zac announcer
""".split()
_ESPEAK_HELD_OUT = {"f4", "m4", "linda", "quincy", "klatt3", "Andrea"}


@dataclass(frozen=True)
class Voice:
    """One way to speak: `engine` names the synthesizer, `name` is its own name for the voice.

    `pitch_hz` is the speaker's usual pitch where we must choose it (0: the synthesizer knows).
    `weight` is relative within the engine. A `held_out` voice is for evaluation only.
    """

    engine: str
    name: str
    weight: float = 1.0
    pitch_hz: float = 0.0
    held_out: bool = False


def _mbrola() -> list[Voice]:
    names = [(name, 195.0) for name in _MBROLA_FEMALE] + [(name, 115.0) for name in _MBROLA_MALE]
    return [
        Voice("mbrola", name, _MBROLA_ENGLISH.get(name, 1.0), pitch, name in _MBROLA_HELD_OUT)
        for name, pitch in names
    ]


def _espeak() -> list[Voice]:
    return [
        Voice(
            "espeak",
            f"{_ESPEAK_ACCENTS[(position + step) % len(_ESPEAK_ACCENTS)]}+{variant}",
            held_out=variant in _ESPEAK_HELD_OUT,
        )
        for position, variant in enumerate(_ESPEAK_VARIANTS)
        for step in (0, 3)
    ]


CATALOGUE: tuple[Voice, ...] = (
    *_mbrola(),
    *_espeak(),
    *(Voice("flite", name, held_out=name == "awb") for name in ("kal16", "awb", "rms", "slt")),
    *(Voice("pico", name) for name in ("en-US", "en-GB")),
    Voice("hibari", "heart"),
    Voice("piper", "joe"),
    *(Voice("kokoro", f"mix{number}", held_out=number % 10 == 0) for number in range(200)),
    *(
        Voice("festival", name, held_out=True)
        for name in ("ked_diphone", "rab_diphone", "don_diphone", "cmu_us_slt_arctic_hts")
    ),
)

# Share of the utterances of each engine in the ordinary shards (Kokoro, slow, has its own).
ENGINE_SHARES = {
    "mbrola": 0.38,
    "espeak": 0.24,
    "flite": 0.08,
    "pico": 0.09,
    "hibari": 0.12,
    "piper": 0.09,
}


# How often an utterance is drawn for training: most often the voices nearest to a person's.
_SAMPLING = {"kokoro": 3.0, "hibari": 1.5, "piper": 1.5, "flite": 1.5, "pico": 1.0, "espeak": 0.6}


def sampling_weight(engine: str, voice: str) -> float:
    """The relative frequency with which an utterance of this voice is trained on."""
    if engine == "mbrola":
        return 1.5 if voice in _MBROLA_ENGLISH else 0.7
    return _SAMPLING[engine]


def voices_of(engine: str, held_out: bool = False) -> list[Voice]:
    """The voices of one engine that are (or are not) held out."""
    return [voice for voice in CATALOGUE if voice.engine == engine and voice.held_out == held_out]
