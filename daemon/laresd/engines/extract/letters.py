"""Which of tesseract's languages read a picture, and what is missing for it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

# main language to the name of tesseract's data
DATA = {
    "cs": "ces", "da": "dan", "de": "deu", "en": "eng", "es": "spa", "fi": "fin", "fr": "fra",
    "hu": "hun", "it": "ita", "ja": "jpn", "ko": "kor", "nl": "nld", "nb": "nor", "no": "nor",
    "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus", "sv": "swe", "tr": "tur", "uk": "ukr",
    "zh": "chi_sim",
}  # fmt: skip
_IDEOGRAPHS = ("chi_sim", "jpn", "kor")
_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",  # Debian 12 and 13
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
)
MOST_FRAMES = 1000  # of a TIFF file


def folder() -> Path | None:
    """Where tesseract's data is; None: nowhere."""
    named = os.environ.get("TESSDATA_PREFIX")
    places = (named, *_FOLDERS) if named else _FOLDERS
    return next((Path(each) for each in places if any(Path(each).glob("*.traineddata"))), None)


def groups(languages: Sequence[str], data: Path | None) -> list[list[str]]:
    """Sets of tesseract's languages, to be tried in this order; none where no data is there.

    Ideographs and letters are not looked for together, since German is then misread, and English
    comes last, since what is first is preferred.
    """
    there = [name for name in _wanted(languages) if data and _file(data, name).is_file()]
    english = [name for name in there if name == "eng"]
    ideographs = [name for name in there if name in _IDEOGRAPHS]
    others = [name for name in there if name not in (*_IDEOGRAPHS, "eng")]
    found = [[*ideographs, *english]] if ideographs else []
    if others or (english and not ideographs):
        found.append([*others, *english])
    return found


def missing(languages: Sequence[str], data: Path | None) -> list[str]:
    """Debian's packages with the data that is not there."""
    lacking = [name for name in _wanted(languages) if not (data and _file(data, name).is_file())]
    return [f"tesseract-ocr-{name.replace('_', '-')}" for name in lacking]


def ideographic(text: str) -> bool:
    """Whether Chinese, Japanese or Korean is what it mostly says."""
    letters = [letter for letter in text if letter.isalpha()]
    far = sum(letter >= "\u3040" for letter in letters)
    return far * 3 > len(letters)


def frames(tiff: bytes) -> Iterator[bytes]:
    """Each picture of a TIFF file as a file of its own (TIFF 6.0, section 2: the header's last four
    bytes say where the first directory is, and each directory where the next).
    """
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8 or struct.unpack_from(order + "H", tiff, 2)[0] != 42:
        yield tiff  # no such file, or one of the other kinds
        return
    at, seen = struct.unpack_from(order + "I", tiff, 4)[0], set[int]()
    while at and at not in seen and at + 2 <= len(tiff) and len(seen) < MOST_FRAMES:
        seen.add(at)
        yield tiff[:4] + struct.pack(order + "I", at) + tiff[8:]
        entries = struct.unpack_from(order + "H", tiff, at)[0]
        following = at + 2 + 12 * entries
        if following + 4 > len(tiff):
            return
        at = struct.unpack_from(order + "I", tiff, following)[0]


def _wanted(languages: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(DATA[each] for each in languages if each in DATA))


def _file(data: Path, name: str) -> Path:
    return data / f"{name}.traineddata"
