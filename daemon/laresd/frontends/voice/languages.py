"""The languages that people may speak to the box, and which of them was spoken."""

from __future__ import annotations

from collections.abc import Sequence

from laresd.config import Config
from laresd.language import main_language
from laresd.types import AUTO


def spoken(config: Config) -> tuple[str, ...]:
    """As they are configured, each once, that of the box first."""
    found: dict[str, str] = {}
    for tag in (config.box.language, *config.speech_to_text.languages):
        found.setdefault(main_language(tag), tag)
    return tuple(found.values())


def one_of(tag: str, among: Sequence[str]) -> str:
    """The one that is the same but for its region; "" where there is none."""
    wanted = main_language(tag)
    return next((each for each in among if main_language(each) == wanted), "")


def asked_of_model(languages: Sequence[str]) -> str:
    """What a speech model is told: the language, or that it is to find out."""
    return languages[0] if len(languages) == 1 else AUTO
