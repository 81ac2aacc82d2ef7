"""What is said about what was done before, and about routines, in English, German and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from laresd.core.follow_ups import Telling
from laresd.core.replies.books import be, joined, of_language, phrasebook, sentence, spoken, to_do
from laresd.core.replies.consent_words import BOOKS as CONSENT_BOOKS
from laresd.core.routines import MAX_MADE, MAX_PHRASE, MAX_STEPS, Why
from laresd.types import Action, Home

MOST_NAMED = 6  # devices that are named when it is read back what a routine will do
MOST_TOLD = 10  # routines that are told by name


@dataclass(frozen=True, slots=True)
class _Words:
    telling: Mapping[Telling, str]
    no_way_back: str  # {names}
    proposal: str  # {phrase} {deeds}
    kept: str  # {phrase}
    dropped: str
    late: str
    unfit: Mapping[Why, str]  # {phrase} {step} {most}
    forgotten: str  # {phrase}
    unknown: str  # {phrase}
    configured: str  # {phrase}
    listed: str  # {phrases}
    none: str
    elsewhere: str  # {phrase}
    nothing_in_it: str  # {phrase}
    not_done: str  # {step}
    quoted: str  # {phrase}


def telling(what: Telling, entity_ids: Sequence[str], home: Home, language: str) -> str:
    """What is said instead of acting."""
    words = _words(language)
    if what is Telling.NO_WAY_BACK and entity_ids:
        return no_way_back(entity_ids, home, language)
    return words.telling[what]


def no_way_back(entity_ids: Sequence[str], home: Home, language: str) -> str:
    book, words = phrasebook(language), _words(language)
    names = spoken(entity_ids, home, book)
    return sentence(words.no_way_back.format(names=names, be=be(len(entity_ids), book)))


def proposal(phrase: str, actions: Sequence[Action], home: Home, language: str) -> str:
    """ "When you say good night, I will turn off the lamp. Shall I keep that?" """
    return _say(language, "proposal", phrase=phrase, deeds=_deeds(actions, home, language))


def unfit(why: Why, phrase: str, step: str, language: str) -> str:
    most = {Why.TOO_LONG: MAX_PHRASE, Why.TOO_MANY: MAX_MADE, Why.TOO_MANY_STEPS: MAX_STEPS}
    words = _words(language)
    return sentence(
        words.unfit[why].format(
            phrase=words.quoted.format(phrase=phrase),
            step=words.quoted.format(phrase=step),
            most=most.get(why, 0),
        )
    )


def listed(phrases: Sequence[str], language: str) -> str:
    words, book = _words(language), phrasebook(language)
    if not phrases:
        return words.none
    quoted = [words.quoted.format(phrase=phrase) for phrase in phrases[:MOST_TOLD]]
    return sentence(words.listed.format(n=len(phrases), phrases=joined(quoted, book)))


def about(key: str, phrase: str, language: str) -> str:
    """One of the sentences about a routine: kept, forgotten, unknown, configured, elsewhere,
    nothing_in_it, dropped, late.
    """
    return _say(language, key, phrase=phrase)


def not_done(step: str, why: str, language: str) -> str:
    """The step of a routine that could not be done, by name, and why."""
    return f"{_say(language, 'not_done', phrase=step)} {why}".strip()


def _say(language: str, key: str, *, phrase: str, deeds: str = "") -> str:
    words = _words(language)
    template: str = getattr(words, key)
    return sentence(template.format(phrase=words.quoted.format(phrase=phrase), deeds=deeds))


def _deeds(actions: Sequence[Action], home: Home, language: str) -> str:
    templates = of_language(CONSENT_BOOKS, language).deeds
    return to_do(actions, templates, home, phrasebook(language), MOST_NAMED)


def _words(language: str) -> _Words:
    return of_language(_BOOKS, language)


_ENGLISH = _Words(
    telling={
        Telling.NOTHING_DONE: "I have not done anything in the last two minutes.",
        Telling.NOTHING_TO_UNDO: "There is nothing that I could undo.",
        Telling.UNDONE_ALREADY: "I have undone that already.",
        Telling.NO_WAY_BACK: "That can't be undone.",
    },
    no_way_back="What I did with {names} can't be undone.",
    proposal="When you say {phrase}, I will {deeds}. Shall I keep that?",
    kept="I will remember that for {phrase}.",
    dropped="All right, I will not keep it.",
    late="That came too late, I have kept nothing. Please tell me again.",
    unfit={
        Why.TOO_LONG: "The phrase is too long: at most {most} letters.",
        Why.TAKEN: "there is a routine called {phrase} already. Delete it first.",
        Why.SHADOWS: "{phrase} means something to me already. Please choose another phrase.",
        Why.ANSWER: "{phrase} is no phrase that I could tell from an answer or noise. "
        "Please choose another one.",
        Why.TOO_MANY: "I can't keep another routine: {most} are the most. Delete one first.",
        Why.TOO_MANY_STEPS: "A routine has at most {most} steps.",
        Why.NOT_UNDERSTOOD: "I did not understand what to do: {step}.",
        Why.NO_COMMAND: "{step} is no command to a device. A routine has only those.",
    },
    forgotten="I have forgotten the routine {phrase}.",
    unknown="There is no routine called {phrase}.",
    configured="The routine {phrase} is in the configuration. I can't delete it.",
    listed="You have {n}: {phrases}.",
    none="There are no routines.",
    elsewhere="The routine {phrase} is not for this room.",
    nothing_in_it="The routine {phrase} has nothing in it that I can do.",
    not_done="I could not do {phrase}.",
    quoted='"{phrase}"',
)
_GERMAN = _Words(
    telling={
        Telling.NOTHING_DONE: "Ich habe in den letzten zwei Minuten nichts gemacht.",
        Telling.NOTHING_TO_UNDO: "Es gibt nichts, was ich rückgängig machen könnte.",
        Telling.UNDONE_ALREADY: "Das habe ich schon rückgängig gemacht.",
        Telling.NO_WAY_BACK: "Das lässt sich nicht rückgängig machen.",
    },
    no_way_back="{names}: das lässt sich nicht rückgängig machen.",
    proposal="Wenn du {phrase} sagst, mache ich Folgendes: {deeds}. Soll ich mir das merken?",
    kept="Das merke ich mir für {phrase}.",
    dropped="In Ordnung, ich merke es mir nicht.",
    late="Das kam zu spät, ich habe mir nichts gemerkt. Sag es bitte noch einmal.",
    unfit={
        Why.TOO_LONG: "Der Satz ist zu lang: höchstens {most} Buchstaben.",
        Why.TAKEN: "es gibt schon eine Routine {phrase}. Lösche sie zuerst.",
        Why.SHADOWS: "{phrase} bedeutet für mich schon etwas. Nimm bitte einen anderen Satz.",
        Why.ANSWER: "{phrase} kann ich nicht von einer Antwort oder Geräuschen unterscheiden. "
        "Nimm bitte einen anderen Satz.",
        Why.TOO_MANY: "Mehr als {most} Routinen kann ich mir nicht merken. Lösche erst eine.",
        Why.TOO_MANY_STEPS: "Eine Routine hat höchstens {most} Schritte.",
        Why.NOT_UNDERSTOOD: "Ich habe nicht verstanden, was zu tun ist: {step}.",
        Why.NO_COMMAND: "{step} ist kein Befehl an ein Gerät. Eine Routine hat nur solche.",
    },
    forgotten="Die Routine {phrase} habe ich vergessen.",
    unknown="Es gibt keine Routine {phrase}.",
    configured="Die Routine {phrase} steht in der Konfiguration. Ich kann sie nicht löschen.",
    listed="Du hast {n}: {phrases}.",
    none="Es gibt keine Routinen.",
    elsewhere="Die Routine {phrase} gilt nicht für diesen Raum.",
    nothing_in_it="In der Routine {phrase} ist nichts, was ich tun kann.",
    not_done="{phrase} konnte ich nicht ausführen.",
    quoted="„{phrase}“",
)
_CHINESE = _Words(
    telling={
        Telling.NOTHING_DONE: "最近两分钟我什么都没做。",
        Telling.NOTHING_TO_UNDO: "没有可以撤销的操作。",
        Telling.UNDONE_ALREADY: "已经撤销过了。",
        Telling.NO_WAY_BACK: "这个操作无法撤销。",
    },
    no_way_back="{names}的操作无法撤销。",
    proposal="你说{phrase}时，我会{deeds}。要记住吗？",
    kept="好的，{phrase}我记住了。",
    dropped="好的，我不记。",
    late="太晚了，我什么都没记。请再说一次。",
    unfit={
        Why.TOO_LONG: "这句话太长了，最多{most}个字。",
        Why.TAKEN: "已经有例程{phrase}了，请先删除它。",
        Why.SHADOWS: "{phrase}已经有别的意思了，请换一句。",
        Why.ANSWER: "{phrase}容易和回答或噪声混淆，请换一句。",
        Why.TOO_MANY: "最多只能记住{most}个例程，请先删除一个。",
        Why.TOO_MANY_STEPS: "一个例程最多{most}步。",
        Why.NOT_UNDERSTOOD: "我没听懂要做什么：{step}。",
        Why.NO_COMMAND: "{step}不是对设备的命令，例程里只能有这样的命令。",
    },
    forgotten="例程{phrase}已删除。",
    unknown="没有例程{phrase}。",
    configured="例程{phrase}写在配置里，我不能删除它。",
    listed="有{n}个：{phrases}。",
    none="没有例程。",
    elsewhere="例程{phrase}不适用于这个房间。",
    nothing_in_it="例程{phrase}里没有我能做的事。",
    not_done="{phrase}没能执行。",
    quoted="“{phrase}”",
)
_BOOKS = {"en": _ENGLISH, "de": _GERMAN, "zh": _CHINESE}
