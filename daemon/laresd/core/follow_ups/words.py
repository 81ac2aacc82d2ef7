"""The words of follow-ups by language: short sentences that mean something only after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from laresd.core.intent.text import tokens
from laresd.language import main_language

Phrase = tuple[str, ...]


def phrases(text: str) -> frozenset[Phrase]:
    """Several in one text, separated by "|", as tokens."""
    return frozenset(tokens(phrase) for phrase in text.split("|") if phrase)


@dataclass(frozen=True, slots=True)
class Words:
    """One language. What is a whole sentence: `undo`, `again`, `told`, `more`, `less`, `other`.

    `polite` may stand at either end of any of them. `one` and `many` stand for what was spoken of;
    `back` lets a verb do without either ("back on"). `bit` makes a step small. `before` and `after`
    are around a further target ("and ...", "... too"), `instead` comes before a right one ("not
    that one, ..."), `noun` is an empty word for a device ("the bedroom one").
    """

    undo: frozenset[Phrase]
    again: frozenset[Phrase]
    told: frozenset[Phrase]
    more: frozenset[Phrase]
    less: frozenset[Phrase]
    other: frozenset[Phrase]
    polite: frozenset[Phrase]
    one: frozenset[Phrase]
    many: frozenset[Phrase]
    back: frozenset[Phrase]
    bit: frozenset[Phrase]
    before: frozenset[Phrase]
    after: frozenset[Phrase]
    instead: frozenset[Phrase]
    noun: frozenset[Phrase]


def words(language: str) -> Words | None:
    """Those of the language, whatever its region; None where there are none."""
    return _made(main_language(language))


@cache
def _made(language: str) -> Words | None:
    table = _LANGUAGES.get(language)
    return None if table is None else Words(**{key: phrases(text) for key, text in table.items()})


def begins(said: Phrase, with_: Iterable[Phrase]) -> Phrase | None:
    """What follows the longest of the phrases that the words begin with; None without one."""
    fits = [phrase for phrase in with_ if said[: len(phrase)] == phrase]
    return said[len(max(fits, key=len)) :] if fits else None


def ends(said: Phrase, with_: Iterable[Phrase]) -> Phrase | None:
    """What precedes the longest of the phrases that the words end with; None without one."""
    fits = [phrase for phrase in with_ if said[-len(phrase) :] == phrase]
    return said[: len(said) - len(max(fits, key=len))] if fits else None


def without(said: Phrase, dropped: Iterable[Phrase]) -> Phrase:
    """The words without every occurrence of these phrases, the longest first."""
    known = sorted(dropped, key=len, reverse=True)
    kept: list[str] = []
    at = 0
    while at < len(said):
        fit = next((p for p in known if said[at : at + len(p)] == p), ())
        if fit:
            at += len(fit)
        else:
            kept.append(said[at])
            at += 1
    return tuple(kept)


_ENGLISH = {
    "undo": "undo|undo that|undo it|undo this|undo the last one|undo what you just did|put it back|"
    "put that back|put them back|put it back how it was|put it back the way it was|revert|"
    "revert that|revert it|take that back|reverse that|change it back|set it back|"
    "no undo that|never mind undo that",
    "again": "again|once again|once more|one more time|do it again|do that again|do it once more|"
    "repeat|repeat that|repeat it|same again|and again",
    "told": "what did you do|what did you just do|what have you done|what have you just done|"
    "what did you do just now|what was that|what did you change|what did you just change|"
    "what happened",
    "more": "more|a bit more|a little more|a little bit more|some more|even more|still more|"
    "and more|slightly more|bit more|and a bit more",
    "less": "less|a bit less|a little less|a little bit less|even less|still less|slightly less|"
    "bit less|not so much|not that much|and a bit less",
    "other": "the other one|the other|and the other one|the other one too|also the other one|"
    "and the other|other one|the other one as well|the other one please",
    "polite": "please|thanks|thank you|lares|ok|okay|hey|now|and now|then|just|oh|hm|"
    "could you|can you",
    "one": "it|that|this|that one|this one",
    "many": "them|those|these|they|both|both of them|all of them",
    "back": "back|again|back again",
    "bit": "a bit|a little|a little bit|slightly|a tad|a touch|bit",
    "before": "and|also|and also|and now|plus|same for|the same for|do the same for|"
    "and the same for|"
    "same in|the same in|do the same in|same thing for|the same thing for|same with|"
    "the same with|do the same with|and do the same for|now|as well as|do that for|and in|also in",
    "after": "too|as well|also|the same|likewise|the same way|same",
    "instead": "not that one|no not that one|not that|no not that|not this one|not this|"
    "wrong one|no the wrong one|no i meant|no i mean|i meant|i mean|not that one i meant|"
    "not that one i mean|no not that one i meant|sorry i meant",
    "noun": "one|ones",
}
_GERMAN = {
    "undo": "rückgängig|mach das rückgängig|mach es rückgängig|mache das rückgängig|"
    "mache es rückgängig|bitte rückgängig machen|rückgängig machen|das rückgängig machen|"
    "mach das wieder rückgängig|mach es wieder rückgängig|nimm das zurück|setz es zurück|"
    "setz das zurück|stell es zurück|stell das zurück|stell es wieder her|stell das wieder her|"
    "mach das wieder so wie es war|mach es wieder wie vorher|wieder wie vorher|zurücknehmen",
    "again": "nochmal|noch mal|noch einmal|noch eins|wiederhole das|wiederhol das|"
    "wiederhole es|mach das nochmal|mach es nochmal|mach das noch mal|mach das noch einmal|"
    "das gleiche nochmal|und nochmal",
    "told": "was hast du gemacht|was hast du gerade gemacht|was hast du eben gemacht|"
    "was hast du getan|was hast du gerade getan|was hast du eben getan|was war das|"
    "was hast du geändert|was hast du gerade geändert|was ist passiert",
    "more": "mehr|etwas mehr|ein bisschen mehr|ein wenig mehr|noch mehr|noch etwas mehr|"
    "noch ein bisschen mehr|noch ein bisschen|noch etwas|bisschen mehr",
    "less": "weniger|etwas weniger|ein bisschen weniger|ein wenig weniger|noch weniger|"
    "noch etwas weniger|bisschen weniger|nicht so viel",
    "other": "das andere|die andere|den anderen|der andere|und das andere|und die andere|"
    "und den anderen|das andere auch|die andere auch|den anderen auch|auch das andere|"
    "auch die andere|auch den anderen",
    "polite": "bitte|danke|lares|ok|okay|hey|jetzt|und jetzt|dann|mal|bitte mal|doch|ach|hm|gut|"
    "kannst du|könntest du",
    "one": "es|ihn|das|den|die|dieses|diesen|diese|sie|das da|die da|den da",
    "many": "sie|diese|beide|die beiden|alle beide",
    "back": "wieder|nochmal|noch mal|noch einmal|zurück",
    "bit": "etwas|ein bisschen|ein wenig|bisschen|ein klein wenig|noch etwas|noch ein bisschen|"
    "eine spur",
    "before": "und|auch|und auch|und jetzt|dasselbe für|das gleiche für|das selbe für|"
    "dasselbe in|dasselbe im|das gleiche in|das gleiche im|mach dasselbe für|mach dasselbe im|"
    "mach dasselbe in|mach das gleiche für|mach das gleiche im|mach das gleiche in|"
    "dasselbe bei|genauso|ebenso|auch im|auch in|und im|und in|dasselbe mit|das gleiche mit",
    "after": "auch|ebenfalls|genauso|ebenso|auch noch|auch bitte|dasselbe|das gleiche",
    "instead": "nicht das|nicht die|nicht den|nein nicht das|nein nicht die|nein nicht den|"
    "nicht dieses|nicht diese|nicht diesen|ich meinte|ich meine|nein ich meinte|nein ich meine|"
    "falsch ich meinte|nicht das sondern|nicht die sondern|nicht den sondern|"
    "nein nicht das ich meinte|nicht das ich meinte|nicht die ich meinte|nicht den ich meinte",
    "noun": "eins",
}
_CHINESE = {
    "undo": "撤销|撤消|撤回|取消刚才的操作|撤销刚才的操作|撤销操作|恢复原样|恢复原状|还原|恢复|"
    "改回来|改回去|调回来|调回去|变回来|恢复到原来|恢复到之前",
    "again": "再来一次|再来一遍|再做一次|再做一遍|再一次|重复|重复一次|重复一遍|再试一次",
    "told": "你刚才做了什么|你刚刚做了什么|刚才做了什么|你做了什么|你刚才干了什么|你干了什么|"
    "你刚刚干了什么|刚才是什么",
    "more": "再多一点|多一点|再多点|更多|再来点|再来一点|还要多一点",
    "less": "再少一点|少一点|再少点|更少",
    "other": "另一个|另外一个|另一个也是|另外一个也是|另外那个|另一盏|另外一盏|还有另一个",
    "polite": "请|麻烦|麻烦你|谢谢|好的|好|现在|那|帮我|给我|吧|一下|拜托",
    "one": "它|这个|那个|这|那",
    "many": "它们|这些|那些|他们|她们|都|两个都",
    "back": "再|又|重新|回|回来|回去",
    "bit": "一点|一点点|点|稍微|一些|稍|一点儿",
    "before": "还有|和|也|再|以及|同样|还有再|同样的|一样",
    "after": "也是|也|也一样|一样|也要|也是一样|同样|也这样|也是这样",
    "instead": "不是那个是|不是那个|不是这个是|不是这个|不对是|不对|我说的是|我是说|我指的是|"
    "不我说的是|不是那个我说的是|错了是|错了|不是是",
    "noun": "的那个|那个|的那盏|那盏|的",
}
_LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": _ENGLISH, "de": _GERMAN, "zh": _CHINESE}
