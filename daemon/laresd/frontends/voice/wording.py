"""The few sentences that the voice frontend says by itself, and the few that it knows."""

from __future__ import annotations

import re

from laresd.language import main_language

_APOLOGIES = {
    "en": "Sorry, I cannot understand speech right now.",
    "de": "Entschuldigung, ich kann gerade keine Sprache verstehen.",
    "zh": "抱歉，我现在听不懂语音。",
}
_FAILURES = {
    "en": "Sorry, something went wrong.",
    "de": "Entschuldigung, da ist etwas schiefgegangen.",
    "zh": "抱歉，出了点问题。",
}
_MOMENTS = {"en": "One moment.", "de": "Einen Moment.", "zh": "请稍等。"}
_STOPS = {
    "en": "stop|stop it|stop that|stop talking|stop please|please stop|ok stop|okay stop|be quiet|"
    "quiet|quiet please|shut up|silence|enough|thats enough|cancel|never mind|nevermind|forget it",
    "de": "stopp|stop|bitte stopp|halt|sei still|sei ruhig|ruhe|still|genug|das reicht|es reicht|"
    "hör auf|aufhören|abbrechen|abbruch|vergiss es|schon gut|lass gut sein",
    "zh": "停|停下|停下来|停止|别说了|不要说了|安静|够了|闭嘴|算了|好了|不用了|取消",
}
_GOES_ON = {
    "en": "and|also|plus|then",
    "de": "und|auch|dann|außerdem|sowie",
    "zh": "还有|和|并且|然后|以及|再",
}
_WORD = re.compile(r"\w+")


def cannot_hear(language: str) -> str:
    """Said when the speech model or the listener is down."""
    return _in(language, _APOLOGIES)


def failed(language: str) -> str:
    """Said when the assistant did not come back."""
    return _in(language, _FAILURES)


def one_moment(language: str) -> str:
    """Said when an answer takes long."""
    return _in(language, _MOMENTS)


def is_stop(text: str, language: str) -> bool:
    """Whether somebody wants a reply to end: these words and no others, said in the language or in
    English.
    """
    said = _folded(text)
    return said in map(_folded, f"{_in(language, _STOPS)}|{_STOPS['en']}".split("|"))


def goes_on(text: str, language: str) -> bool:
    """Whether it begins as what goes on with something that was said before: "and the lamp"."""
    words = _in(language, _GOES_ON).split("|")
    if main_language(language) == "zh":
        return text.startswith(tuple(words))
    first = _WORD.match(text.strip())
    return first is not None and first.group().casefold() in words


def has_words(text: str, words: str) -> bool:
    """Whether these words are somewhere in the text, however they are written."""
    return _folded(words) in _folded(text)


def _folded(text: str) -> str:
    return "".join(_WORD.findall(text.replace("'", "").replace("’", ""))).casefold()


def _in(language: str, sentences: dict[str, str]) -> str:
    return sentences.get(main_language(language), sentences["en"])
