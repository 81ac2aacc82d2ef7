"""What is said when Lares is told how loud to speak, in English, German and Chinese."""

from __future__ import annotations

from laresd.core.replies.books import of_language

_SET = {
    "en": "My volume is {percent} percent now.",
    "de": "Meine Lautstärke ist jetzt {percent} Prozent.",
    "zh": "我的音量现在是{percent}%。",
}
_LEAST = {
    "en": "By voice I do not get quieter than {percent} percent, so that I am still heard.",
    "de": "Leiser als {percent} Prozent werde ich auf Zuruf nicht, damit man mich noch hört.",
    "zh": "用语音最低只能调到{percent}%，不然就听不见我了。",
}
_MOST = {
    "en": "I am as loud as I can be.",
    "de": "Lauter kann ich nicht.",
    "zh": "已经是最大音量了。",
}
_ELSEWHERE = {
    "en": "I can only change how loud I am at the box itself.",
    "de": "Wie laut ich bin, kann ich nur an der Box selbst ändern.",
    "zh": "我只能调主机自己的音量。",
}


def told(percent: int, language: str) -> str:
    """It is so loud now."""
    return of_language(_SET, language).format(percent=percent)


def at_least(percent: int, language: str) -> str:
    """It was to be quieter than this, which is how loud it is."""
    return of_language(_LEAST, language).format(percent=percent)


def at_most(language: str) -> str:
    """It was to be louder than it can be."""
    return of_language(_MOST, language)


def elsewhere(language: str) -> str:
    """It was said where another loudspeaker is."""
    return of_language(_ELSEWHERE, language)
