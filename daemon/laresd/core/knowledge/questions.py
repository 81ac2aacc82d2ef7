"""What a question asks for: its words that count, and what kind of thing would answer it. Pure.

Spoken questions have no question mark and words around them that ask for nothing ("could you tell
me"); both are treated as if they were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from laresd.core.knowledge import words
from laresd.language import main_language


class Wanted(StrEnum):
    """What must stand in a sentence that answers."""

    FIGURE = "figure"  # how many, when
    NAME = "name"  # who, where
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Question:
    """`words`: what to look for, each once, in their order; `parts`: the same as they stand
    together. `names`: those that only a passage about the same thing holds: figures, and names
    where the script shows them. `bare`: the question without what asks for nothing.
    """

    bare: str
    words: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    wanted: Wanted
    paired: bool


_ASIDE = {
    "en": r"(?:hey|okay|ok|so|well|um+|uh+|please|lares|computer)[,\s]+"
    r"|(?:can|could|would|will) you (?:please )?(?:tell|show|explain to|find out for) (?:me|us) "
    r"|(?:do you know|tell me|tell us|i(?: would|'d) like to know|i want to know|i wonder) "
    r"|(?:what|where) (?:do|does|did) (?:my|our|the) (?:documents?|papers?|files?|notes?) "
    r"(?:say|tell(?: me)?) (?:about )?"
    r"|(?:according to|in) (?:my|our|the) (?:documents|papers|files|notes)[,\s]+",
    "de": r"(?:hey|okay|ok|also|äh+m*|bitte|lares|computer)[,\s]+"
    r"|(?:kannst|könntest|können|könnten) (?:du|sie) (?:mir|uns) "
    r"(?:bitte )?(?:sagen|erklären)[,\s]+"
    r"|(?:weißt du|sag mir|sage mir|ich möchte wissen|ich will wissen)[,\s]+"
    r"|was (?:sagen|steht in) (?:meinen?|unseren?|den) (?:dokumenten?|unterlagen) (?:über|zu)? ?",
    "zh": r"(?:请问|请|你好|那么|嗯+|呃+)[，,\s]*|(?:你?(?:能|可以)?告诉我|我想知道|你知道)[，,\s]*"
    r"|(?:我的)?(?:文件|文档|资料)里?(?:怎么说|说)[，,\s]*",
}
_ASIDES = {
    language: re.compile(rf"^(?:{form})", re.IGNORECASE) for language, form in _ASIDE.items()
}
_PLEASE = re.compile(r"[,\s]+(?:please|bitte|thanks|danke)\s*[?.!]*$", re.IGNORECASE)

_FIGURE = re.compile(
    r"\b(?:how (?:many|much|long|old|far|often|high|deep|large|big|tall|wide|heavy|fast|hot|warm)"
    r"|when|what (?:year|date|day|month|time|percent\w*|number|temperature|pressure)"
    r"|(?:in|on|at|by) (?:what|which) (?:year|date|day|month|century|time)"
    r"|wie ?(?:viele?|lange|alt|weit|oft|hoch|tief|groß|breit|schwer|schnell|warm|heiß)"
    r"|wann|welche[smnr]? (?:jahr|datum|tag|monat|zahl|temperatur|druck))\b"
    r"|多少|几(?:个|次|年|天|岁|月|种|人|点|名|位|座|条)|何时|什么时候|哪一?年|哪[天月日]|多[长大高久远深重]",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b(?:who|whom|whose|where|wer|wen|wem|wessen|wo|wohin|woher)\b", re.IGNORECASE)

# What asks in scripts without spaces: no passage need hold it.
_ASKING = re.compile(
    r"什么时候|什么样|为什么|是什么|什么|多少|哪一?[些个年种位名座条天月日里]?|是谁|谁|怎么样?|怎样"
    r"|如何|何时|何地|何人|为何|几(?=[个次年天岁月种人点名位座条])|吗|呢|吧|有没有|是不是"
    r"|いつ|どこ|だれ|誰|なに|何|なぜ|いくつ|いくら|どの|どう|ですか|ますか|か(?=[?？]?$)"
)
_MORE_STOPS = """
many much long some any into about than then also been being most more other such only during
tell me know please say says said just after before between
viele vielen viel lange wieviel einige mehr über unter kann können muss müssen soll sollte
gibt es hatte haben wurde wurden werden worden
"""
_STOPS = words.STOP_WORDS | frozenset(words.words(_MORE_STOPS))

_PAIRED = ("zh", "ja", "yue", "th", "lo", "km", "my")
_SMALL_WORDS = {
    "en": "the of is are was were does do did how what when where who why which to for in and a an",
    "de": "der die das ist sind war wie was wann wo wer warum welche welcher zu für in und ein "
    "eine es mein meine den dem im",
}
_SMALL = {known: frozenset(words.words(small)) for known, small in _SMALL_WORDS.items()}

_CAPITAL = re.compile(r"[^\W\d_][\w'’.-]*")
_DIGIT = re.compile(r"\d")

_BEGINS = {
    "en": r"(?:what|who|whom|whose|when|where|which|why|how|in (?:what|which)|at what|by what|"
    r"is|are|was|were|do|does|did|can|could|may|must|should|has|have|am i)\b",
    "de": r"(?:was|wer|wen|wem|wessen|wann|wo|wohin|woher|womit|wofür|wozu|welche[rsnm]?|warum|"
    r"wieso|weshalb|wie|wieviel|in welche[rsnm]?|ist|sind|war|waren|darf|muss|kann|soll|hat|"
    r"haben|gibt es|steht)\b",
    "zh": r".*(?:什么|多少|谁|哪|怎|如何|为何|几|何时|吗|呢|是否|有没有|是不是|[?？])",
}
_OPEN = {
    "en": re.compile(
        r"(?:what|who|whom|whose|when|where|which|why|how|in what|in which)\b", re.IGNORECASE
    ),
    "de": re.compile(
        r"(?:was|we[rnm]|wessen|wann|wo|wohin|woher|womit|wofür|wozu|woran|worauf|"
        r"(?:in )?welche\w*|warum|wieso|weshalb|wie\w*)\b",
        re.IGNORECASE,
    ),
    "zh": re.compile(r".*(?:什么|多少|谁|哪|怎|如何|为何|几|何时)"),
}
_QUESTIONS = {language: re.compile(form, re.IGNORECASE) for language, form in _BEGINS.items()}


def understood(text: str, language: str) -> Question:
    bare = without_asides(text, language)
    spaced = _ASKING.sub(" ", bare)
    found = list(dict.fromkeys(words.words(spaced)))
    counted = tuple(word for word in found if word not in _STOPS) or tuple(words.asked(bare))
    return Question(
        bare,
        counted,
        tuple(_parts(spaced, frozenset(counted))),
        _names(bare, counted, language),
        _wanted(bare),
        words.is_paired(bare),
    )


def is_question(text: str, language: str) -> bool:
    """Whether something is asked, rather than ordered or told."""
    bare = without_asides(text, language)
    asking = _QUESTIONS.get(main_language(language), _QUESTIONS["en"])
    return (
        bare.rstrip().endswith(("?", "？"))
        or asking.match(bare) is not None
        or (bare != text.strip() and _PLEASE.sub("", text.strip()) != bare)
    )


def is_open(text: str, language: str) -> bool:
    """Whether more than yes or no is asked for."""
    asking = _OPEN.get(main_language(language), _OPEN["en"])
    return asking.match(without_asides(text, language)) is not None


def language_of(text: str, declared: str) -> str:
    """The language that a question is searched in: the declared one, unless its script or its small
    words are another's.
    """
    main = main_language(declared)
    if words.is_paired(text):
        return declared if main in _PAIRED else "zh"
    if main in _PAIRED:
        main = "en"
    said = list(words.words(text))
    counts = {known: sum(word in small for word in said) for known, small in _SMALL.items()}
    if main not in counts:
        return declared
    best = max(counts, key=lambda known: (counts[known], known == main))
    return best if counts[best] > counts[main] else main


def without_asides(text: str, language: str) -> str:
    """The question alone; the whole text where nothing would be left."""
    asides = _ASIDES.get(main_language(language), _ASIDES["en"])
    rest = _PLEASE.sub("", " ".join(text.split()))
    while (found := asides.match(rest)) is not None and found.end() < len(rest):
        rest = rest[found.end() :]
    return rest


def has_figure(text: str) -> bool:
    """A number in figures, or in the words of small ones."""
    return _DIGIT.search(text) is not None or _NUMBER_WORDS.search(text) is not None


def names_in(text: str) -> frozenset[str]:
    """What is written with a capital within its sentence, or with a figure: as words are cut."""
    found: set[str] = set()
    for number, match in enumerate(_CAPITAL.finditer(text)):
        if number and match.group()[0].isupper():
            found.update(words.words(match.group()))
    return frozenset(found)


_NUMBER_WORDS = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|"
    r"hundred|thousand|million|billion|half|once|twice|zwei|drei|vier|fünf|sechs|sieben|acht|neun|"
    r"zehn|elf|zwölf|zwanzig|hundert|tausend|million(?:en)?|january|february|march|april|june|"
    r"july|august|september|october|november|december|januar|februar|märz|mai|juni|juli|oktober|"
    r"dezember|century|decades?|jahrhundert)\b|[一二三四五六七八九十百千万亿两]",
    re.IGNORECASE,
)


def _parts(spaced: str, counted: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """Runs of words that count, ended by marks and, without spaces between words, by what asks."""
    for piece in re.split(r"\W+" if words.is_paired(spaced) else r"[^\w\s'’-]+", spaced):
        part = tuple(word for word in words.words(piece) if word in counted)
        if part:
            yield part


def _names(bare: str, counted: tuple[str, ...], language: str) -> tuple[str, ...]:
    """German writes every noun with a capital, so that one tells nothing there."""
    figures = {word for word in counted if _DIGIT.search(word)}
    capitals = frozenset[str]() if main_language(language) == "de" else names_in(bare)
    return tuple(word for word in counted if word in figures or word in capitals)


def _wanted(bare: str) -> Wanted:
    if _FIGURE.search(bare):
        return Wanted.FIGURE
    return Wanted.NAME if _NAME.search(bare) else Wanted.ANYTHING
