"""Text that a speech model writes down where nobody said it.

Whisper learned from subtitles: on silence, noise and music it writes what subtitles end with, or
one word again and again. Such text must never reach an action.
"""

from __future__ import annotations

import re
import unicodedata
import zlib

MAX_NO_SPEECH = 0.6  # Whisper's own rule: above this, and unsure of the words, nothing was said
UNSURE = -1.0  # mean log probability of a token
MAX_COMPRESSION = 2.4  # Whisper's own measure of text that repeats itself
MAX_CHARACTERS_PER_SECOND = 35.0  # nobody speaks this fast

# Normalized as by `_bare`. Seen in public reports of Whisper on silence, in the three languages
# that Lares is tested with.
_SENTENCES = frozenset(
    _.strip()
    for _ in """
    you | thank you | thank you very much | thank you so much | thanks | bye | bye bye | so | oh
    uh | thanks for watching | thank you for watching | thank you for watching please subscribe
    thank you so much for watching | thanks for watching and see you next time | the end
    please subscribe | please subscribe to my channel | dont forget to like and subscribe
    like and subscribe | see you next time | see you in the next video | ill see you next time
    im going to go to the next one | well be right back | i love you | okay | hmm | mm | mm hmm
    vielen dank | vielen dank fürs zuschauen | danke fürs zuschauen | danke | tschüss | bis bald
    vielen dank für die aufmerksamkeit | bis zum nächsten mal | das wars
    谢谢观看 | 謝謝觀看 | 谢谢大家 | 谢谢 | 謝謝 | 谢谢收看 | 感谢观看 | 下期再见 | 再见 | 拜拜
    """.replace("\n", "|").split("|")
    if _.strip()
)
_PIECES = (
    "amara org",
    "subtitles by",
    "subtitled by",
    "transcription by",
    "translated by",
    "copyright",
    "untertitel der",
    "untertitel im auftrag",
    "untertitelung",
    "swr 2",
    "字幕",
    "请不吝点赞",
    "請不吝點贊",
    "明镜与点点",
    "打赏支持",
)
_ASIDE = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|[♪♫♬♩]+")


def without_asides(text: str) -> str:
    """The text without "[Music]", "(laughs)", "*sighs*" and notes."""
    return " ".join(_ASIDE.sub(" ", text).split())


def doubt(text: str, *, avg_logprob: float, no_speech_prob: float, seconds: float) -> str:
    """Why this text was probably not said, in words; "" when it may well have been.

    `text` is without asides. `seconds` is the length of the audio.
    """
    bare = _bare(text)
    if not bare:
        return "no words"
    if no_speech_prob > MAX_NO_SPEECH and avg_logprob < UNSURE:
        return "no speech"
    if bare in _SENTENCES or any(piece in bare for piece in _PIECES):
        return "a sentence that speech models make up"
    if _compression(text) > MAX_COMPRESSION:
        return "the same words again and again"
    if len(text) > MAX_CHARACTERS_PER_SECOND * max(seconds, 0.5):
        return "more words than fit into the sound"
    return ""


def _bare(text: str) -> str:
    """Lower case, letters and digits only, apostrophes dropped, one space between words."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("'", "").replace("’", "")
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())


def _compression(text: str) -> float:
    data = text.encode()
    return len(data) / len(zlib.compress(data))
