"""What Home Assistant's commands say. Pure; the topics are those of `announcement`."""

from __future__ import annotations

from laresd.errors import Permanent, Refused

MAX_TEXT = 1000  # characters that are said at once
MAX_PAYLOAD = 4 * MAX_TEXT
_SWITCHED = {"ON": True, "OFF": False}


def text(payload: bytes) -> str:
    """Raises Permanent or Refused for what is no short text."""
    if len(payload) > MAX_PAYLOAD:
        raise Refused(f"{len(payload)} bytes are too long: at most {MAX_PAYLOAD}")
    try:
        return payload.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise Permanent(f"the payload is not UTF-8 (byte {error.start})") from error


def switched(payload: bytes) -> bool:
    """Raises Permanent for anything but ON and OFF."""
    word = text(payload).upper()
    if word not in _SWITCHED:
        raise Permanent("the payload must be ON or OFF")
    return _SWITCHED[word]


def percent(payload: bytes) -> int:
    """Raises Permanent for anything but a number from 0 to 100."""
    try:
        number = float(text(payload))
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise Permanent("the payload must be a number from 0 to 100")
    return round(number)


def pressed(payload: bytes) -> None:
    """Raises Permanent for anything but PRESS."""
    if text(payload) != "PRESS":
        raise Permanent("the payload must be PRESS")


def said(payload: bytes) -> str:
    """What is to be said aloud. Raises Permanent or Refused."""
    words = " ".join(text(payload).split())
    words = "".join(char for char in words if char.isprintable())
    if not words or len(words) > MAX_TEXT:
        raise Refused(f"what is said has 1 to {MAX_TEXT} characters, not {len(words)}")
    return words
