"""MBROLA databases of any language made to speak English: each is the recorded voice of one more
person.

eSpeak says which phones and how long, this module says which sounds of the database come nearest,
and the ``mbrola`` program joins them. The melody is our own: a falling line with a bump on some
vowels.
"""

from __future__ import annotations

import random
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.phones import SILENCE, VOWELS

DATABASES = Path("/usr/share/mbrola")
_HEADER_BYTES = 27
_GAP_MS = 400

# Nearest sounds first; "a I" is two sounds in a row.
_NEAREST: dict[str, tuple[str, ...]] = {
    "aa": ("A", "A:", "a:", "Q", "aa", "a"),
    "ae": ("{", "ae", "E", "a", "e"),
    "ah": ("V", "6", "a", "A"),
    "ao": ("O", "O:", "o", "o:", "A"),
    "aw": ("aU", "a U", "a u", "a w"),
    "ax": ("@", "6", "9", "V", "E", "e", "a"),
    "ay": ("AI", "aI", "a I", "a i", "a j"),
    "eh": ("E", "e", "e:"),
    "ih": ("I", "i", "i:"),
    "er": ("r=", "3:", "3", "@ r", "9 r", "2 r", "9", "E r", "e r", "e R", "E R"),
    "iy": ("i", "i:", "ii", "I"),
    "ey": ("EI", "eI", "e I", "e i", "E i", "e:", "e"),
    "ow": ("@U", "oU", "o U", "o u", "O u", "o:", "o"),
    "oy": ("OI", "OY", "O I", "o i", "O i", "o j"),
    "uh": ("U", "u", "u:"),
    "uw": ("u", "u:", "uu", "U"),
    "ch": ("tS", "t S", "ts", "t s"),
    "jh": ("dZ", "d Z", "tS", "d z", "t S"),
    "dh": ("D", "d", "z"),
    "th": ("T", "s", "t"),
    "sh": ("S", "s\\", "s"),
    "zh": ("Z", "S", "z", "s"),
    "ng": ("N", "n g", "n"),
    "r": ("r", "R", "4", "r\\", "l"),
    "w": ("w", "v", "u"),
    "y": ("j", "y", "i"),
    "hh": ("h", "x", "h\\", "k"),
    "v": ("v", "w", "b", "f"),
    "z": ("z", "s"),
    "f": ("f", "p", "h"),
    "l": ("l", "r"),
    "g": ("g", "k"),
}


@dataclass(frozen=True)
class Database:
    """One database: its name (``us1``), its file, its sample rate in Hz and the sound pairs that it
    holds.
    """

    name: str
    path: Path
    rate: int
    pairs: frozenset[tuple[str, str]]

    @property
    def sounds(self) -> set[str]:
        return {sound for pair in self.pairs for sound in pair}


@cache
def database(name: str) -> Database:
    """Read the index of an installed database; raises FileNotFoundError or ValueError."""
    path = DATABASES / name / name
    data = path.read_bytes()
    if data[:6] != b"MBROLA":
        raise ValueError(f"{path} is not an MBROLA database")
    (count,) = struct.unpack("<H", data[11:13])
    (rate,) = struct.unpack("<H", data[23:25])
    pairs, position = set(), _HEADER_BYTES
    for _ in range(count):
        left_end = data.index(b"\0", position)
        right_end = data.index(b"\0", left_end + 1)
        pairs.add(
            (
                data[position:left_end].decode("latin-1"),
                data[left_end + 1 : right_end].decode("latin-1"),
            )
        )
        position = right_end + 5
    return Database(name, path, rate, frozenset(pairs))


def sounds_for(base: Database, phones: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """Turn (phone, ms) into (the database's sound, ms); a pair that it lacks is bridged by a short
    pause.
    """
    known, chain = base.sounds, [("_", 60.0)]
    for phone, milliseconds in phones:
        if phone == SILENCE:
            chain.append(("_", milliseconds))
            continue
        options = [option.split() for option in _NEAREST.get(phone, (phone,))]
        options = [option for option in options if all(sound in known for sound in option)]
        if not options:
            continue
        joined = [option for option in options if (chain[-1][0], option[0]) in base.pairs]
        chosen = (joined or options)[0]
        if not joined and chain[-1][0] != "_":
            chain.append(("_", 12.0))
        chain += [(sound, milliseconds / len(chosen)) for sound in chosen]
    return [*chain, ("_", 60.0)]


def missing_pairs(base: Database, phones: list[tuple[str, float]]) -> float:
    """The share of phone joins (0 to 1) that the database cannot make: its misfit."""
    chain = sounds_for(base, phones)
    bridged = sum(1 for sound, milliseconds in chain if sound == "_" and milliseconds == 12.0)
    lost = sum(
        1
        for phone, _ in phones
        if not any(set(o.split()) <= base.sounds for o in _NEAREST.get(phone, (phone,)))
    )
    return (bridged + 3 * lost) / max(1, len(phones))


def score_lines(
    base: Database, phones: list[tuple[str, float]], pitch_hz: float, dice: random.Random
) -> list[str]:
    """The lines of a ``.pho`` file for one utterance around `pitch_hz`."""
    vowels = {sound for phone in VOWELS for option in _NEAREST[phone] for sound in option.split()}
    chain = sounds_for(base, phones)
    slope, lines = dice.uniform(-0.25, 0.02), []
    for index, (sound, milliseconds) in enumerate(chain):
        pitch = pitch_hz * (1 + slope * (index / len(chain) - 0.5))
        if sound in vowels:
            bump = dice.choice((1.0, 1.0, 1.08, 1.18, 0.95)) * dice.uniform(0.97, 1.03)
            lines.append(f"{sound} {max(8, round(milliseconds))} 50 {pitch * bump:.0f}")
        else:
            lines.append(f"{sound} {max(8, round(milliseconds))}")
    return lines


def render(base: Database, scores: list[list[str]]) -> list[NDArray[np.float32]]:
    """Speak several scores with one start of the program; samples in [-1, 1] at the database's
    rate.

    Raises RuntimeError if the program fails or gives less sound than the scores ask for.
    """
    text = "\n".join("\n".join([*score, f"_ {_GAP_MS}"]) for score in scores) + "\n"
    with tempfile.TemporaryDirectory(prefix="lares-mbrola-") as folder:
        output = Path(folder) / "speech.raw"
        command = ["mbrola", "-e", str(base.path), "-", str(output)]
        done = subprocess.run(
            command, input=text.encode("latin-1"), capture_output=True, check=False
        )
        if done.returncode != 0 or not output.exists():
            raise RuntimeError(f"mbrola {base.name}: {done.stderr.decode(errors='replace')[:200]}")
        samples = np.frombuffer(output.read_bytes(), "<i2").astype(np.float32) / 32768.0
    return _cut(samples, base.rate, scores)


def _cut(
    samples: NDArray[np.float32], rate: int, scores: list[list[str]]
) -> list[NDArray[np.float32]]:
    lengths = [sum(int(line.split()[1]) for line in score) for score in scores]
    wanted = (sum(lengths) + _GAP_MS * len(scores)) * rate / 1000
    if len(samples) < 0.97 * wanted:
        raise RuntimeError(f"mbrola gave {len(samples)} samples of {wanted:.0f}")
    parts, start = [], 0
    for length in lengths:
        parts.append(samples[start * rate // 1000 : (start + length) * rate // 1000])
        start += length + _GAP_MS
    return parts
