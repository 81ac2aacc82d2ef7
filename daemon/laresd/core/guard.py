"""What keeps doubt from becoming an action: made-up transcripts, and proposals without evidence."""

from __future__ import annotations

import re
import zlib

from laresd.core.intent.meaning import Meaning
from laresd.core.intent.text import tokens
from laresd.types import Transcript

MAX_CHARACTERS_PER_SECOND = 35.0  # of speech; the fastest speakers reach about 25
SURELY_WRONG_LOGPROB = -1.7
DOUBTFUL_LOGPROB = -0.9
NO_SPEECH = 0.6
MAX_COMPRESSION = 2.4  # Whisper's own bound for text that goes round in circles
MAX_REPEATS = 3

# What Whisper is known to make up on silence and noise, learned from the subtitles of films.
_MADE_UP = {
    "en": (
        "thank you", "thank you very much", "thank you so much", "thanks", "thanks for watching",
        "thank you for watching", "thanks for listening", "you", "bye", "bye bye", "goodbye",
        "the end", "okay", "ok", "so", "oh", "hmm", "uh", "um", "yeah", "im sorry", "i m sorry",
        "please subscribe", "subscribe", "like and subscribe", "see you next time", "music",
        "see you in the next video", "subtitles by the amara org community", "applause",
        "please like and subscribe", "silence", "we ll be right back", "well be right back",
    ),
    "de": (
        "vielen dank", "danke", "danke schön", "vielen dank fürs zuschauen", "tschüss", "bis dann",
        "danke fürs zuschauen", "bis zum nächsten mal", "untertitel", "das wars", "musik", "ja",
        "untertitel der amara org community", "untertitel im auftrag des zdf für funk 2017",
        "untertitel von stephanie geiges", "copyright wdr 2021", "untertitelung des zdf 2020",
    ),
    "zh": (
        "谢谢", "谢谢观看", "谢谢大家", "感谢观看", "多谢收看", "謝謝觀看", "謝謝", "再见", "字幕",
        "字幕由amara org社区提供", "请不吝点赞订阅转发打赏支持明镜与点点栏目", "字幕by索兰娅", "嗯",
        "中文字幕志愿者", "优优独播剧场yoyotelevisionseriesexclusive",
    ),
}  # fmt: skip
_SOUND = re.compile(r"^\W*[\[(（【♪*].*[\])）】♪*]\W*$")  # [music], (applause), ♪ ♪


def transcript(heard: Transcript, language: str) -> str | None:
    """Why this text must not reach an action; None when it may.

    Covers what Whisper makes up on silence and noise, in English for every language because it
    falls back to English, and text that goes round in circles.
    """
    words = tokens(heard.text)
    if not words:
        return "no words"
    if _SOUND.match(heard.text):
        return "a sound, not words"
    if _is_made_up(words, language):
        return "words that speech models make up on silence"
    if _goes_in_circles(heard.text, words):
        return "the same words again and again"
    return _unlikely(heard)


def _is_made_up(words: tuple[str, ...], language: str) -> bool:
    main = language.partition("-")[0].casefold()
    known = {tokens(text) for text in (*_MADE_UP["en"], *_MADE_UP.get(main, ()))}
    return words in known


def _goes_in_circles(text: str, words: tuple[str, ...]) -> bool:
    for size in range(1, 7):
        repeats = 1
        for start in range(size, len(words) - size + 1, size):
            same = words[start : start + size] == words[start - size : start]
            repeats = repeats + 1 if same else 1
            if repeats > MAX_REPEATS:
                return True
    raw = text.encode()
    return len(raw) > 60 and len(raw) / len(zlib.compress(raw)) > MAX_COMPRESSION


def _unlikely(heard: Transcript) -> str | None:
    if heard.avg_logprob < SURELY_WRONG_LOGPROB:
        return "the speech model is not sure of any word"
    if heard.avg_logprob < DOUBTFUL_LOGPROB and heard.no_speech_prob > NO_SPEECH:
        return "probably no speech"
    length = len(heard.text)
    if heard.audio_seconds > 0 and length > MAX_CHARACTERS_PER_SECOND * heard.audio_seconds + 10:
        return "more words than that time has room for"
    return None


def may_be_command(text: str, language: str, home: object) -> bool:
    return False


def may_be_talk(text: str, language: str, home: object) -> bool:
    return False


def checked(proposed: object, request: object, home: object) -> Meaning | None:
    return None
