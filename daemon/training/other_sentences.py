"""Random speech that is not for the home: for each of these the model must learn to write nothing at all."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from training import home_words, other_words
from training.home_sentences import WAKE_PHRASES, home_sentence
from training.templates import Rule, expand

_LEXICON = Path("/usr/share/festival/dicts/cmu/cmudict-0.4.out")  # package festlex-cmu, used for its list of words

_STORIES = (
    "<subject> <verb> <thing>", "<subject> <verb> <thing> <place>", "<place> <subject> <verb> <thing>",
    "<subject> <verb> <thing> <filler> <subject> <verb> <thing>", "<subject> <verb> <thing> <place> <filler> <subject> <verb> <thing>",
    "<subject> was <adjective>", "<thing> was <adjective> <place>", "<thing> is <adjective>", "<subject> seemed <adjective> <filler> <adjective>",
    "<filler> <subject> <verb> the <adjective> <salad>", "have you <verb> <thing>", "do you think <subject> <verb> <thing>",
    "why (did|do|would) <subject> (want|need|like) <thing>", "who <verb> <thing> <place>", "i think <thing> is <adjective>",
    "there (is|was) (a|an|no) <adjective> <salad> <place>", "ladies and gentlemen <subject> <verb> <thing>", "according to <subject> <thing> is <adjective>",
    "<subject> said that <subject> <verb> <thing>", "how (are|were) you <place>", "nice to (see|meet) you <person>",
    "my name is <person> [<filler> i <verb> <thing>]", "let's (go|talk|eat|dance|sing|play chess) <place>", "what do you mean by <salad>",
    "what a <adjective> (day|night|idea|story|life)", "i (don't|can't|won't) (know|believe|see|remember) (it|that|why|<thing>)",
    "thank you [very much] [for <thing>]", "excuse me", "i'm sorry", "hello [<person>]", "good afternoon", "how are you", "see you (later|soon|tomorrow)",
    "yeah", "uh huh", "oh my god", "wow", "hmm", "no way", "really", "of course", "all right", "okay", "bye bye", "i see", "come here",
)  # fmt: skip
_NEAR_COMMANDS = (
    "the <room> (light|lamp|door|window) is <adjective>", "i (like|love|bought|saw|broke) the <room> (light|lamp|door|window|fan)",
    "<subject> (turned|switched) (on|off) the <room> (light|radio|fan) <filler> <subject> <verb> <thing>", "turn around", "turn the page",
    "turn left at the <salad>", "set the table", "set fire to <thing>", "open your (book|mouth|eyes|heart)", "close your eyes",
    "lock him up <place>", "play (football|chess|with me|a trick)", "stop talking [about <thing>]", "the light was <adjective> <place>",
    "is the <salad> <adjective>", "is <subject> <adjective>", "what is the <salad>", "what is <thing>", "what time did <subject> <verb> <thing>",
    "where is <thing>", "how much is <thing>", "turn on the <salad> <salad>", "turn off <subject>", "set the <salad> to <salad>",
    "open <thing> <place>", "close <thing>", "<subject> <verb> the thermostat", "the temperature was <adjective> <place>",
    "we (sat|stood|talked) in the <room> <filler> <verb> <thing>", "<room> <room>", "the <room>", "the <room> <filler> the <room>", "<number> degrees <filler> <adjective>",
    "a (light|lamp|timer|fan|door) is a <adjective> thing", "on and on", "off we go", "please [please]", "set", "turn", "the lights", "timer for <subject>",
    "she set her timer for work", "lights camera action", "cancel my subscription to <thing>", "pause for a moment <filler> think about <thing>",
    "next <salad>", "previous <salad>", "skip lunch", "start <verb> <thing>", "add <thing> to <thing>", "is it <adjective>", "are you <adjective>",
    "what's <adjective>", "can you (swim|dance|hear me|believe it)", "could you <salad> <thing>", "will <subject> <salad>", "the fan <verb> <thing>",
)  # fmt: skip
_SHORT = (
    "<number>", "<number> <number>", "<number> <number> <number> <number>", "<card> of <suit>", "<letter> <letter> <letter>", "<letter>",
    "<salad>", "<salad> <salad>", "<person>", "<colour>", "<wake>", "<wake>", "<wake>", "hey <person>", "okay <salad>", "hey <salad>",
    "<month> <number>", "nineteen <number>", "<day>", "<number> <salad>", "<number> dollars", "<wake> <salad>",
)  # fmt: skip


@lru_cache(maxsize=1)
def lexicon_words() -> tuple[str, ...]:
    """Plain words of 2 to 11 letters from the CMU lexicon, or our own lists where it is not installed."""
    if not _LEXICON.exists():
        listed = " ".join(other_words.SUBJECTS + other_words.VERBS + other_words.THINGS + other_words.ADJECTIVES).split()
        return tuple(sorted(set(listed)))
    found = set()
    for line in _LEXICON.read_text("latin-1").splitlines():
        if line.startswith('("'):
            word = line[2 : line.index('"', 2)]
            if word.isascii() and word.isalpha() and word.islower() and 2 <= len(word) <= 11:
                found.add(word)
    return tuple(sorted(found))


def _salad(dice: random.Random) -> str:
    return dice.choice(lexicon_words())


RULES: Mapping[str, Rule] = {
    "subject": other_words.SUBJECTS, "verb": other_words.VERBS, "thing": other_words.THINGS, "place": other_words.PLACES,
    "adjective": other_words.ADJECTIVES, "filler": other_words.FILLERS, "room": home_words.ROOMS, "person": home_words.PEOPLE,
    "colour": home_words.COLOURS, "salad": _salad, "wake": WAKE_PHRASES, "number": lambda dice: home_words.number_words(dice.randint(0, 120)),
    "card": "ace two three four five six seven eight nine ten jack queen king".split(), "suit": "spades hearts clubs diamonds".split(),
    "letter": list("abcdefghijklmnopqrstuvwxyz"), "day": "monday tuesday wednesday thursday friday saturday sunday".split(),
    "month": "january february march april may june july august september october november december".split(),
}  # fmt: skip
_GLUE = "the of and to a in that it is was for on with as at by from".split()


def other_sentence(dice: random.Random) -> str:
    """English that is no home command, lower case: stories, talk, near-commands, word salad, digits, wake words."""
    kind = dice.random()
    if kind < 0.40:
        return expand(dice.choice(_STORIES), RULES, dice)
    if kind < 0.60:
        return expand(dice.choice(_NEAR_COMMANDS), RULES, dice)
    if kind < 0.80:
        return " ".join(dice.choice(_GLUE) if dice.random() < 0.3 else _salad(dice) for _ in range(dice.randint(2, 9)))
    if kind < 0.94:
        return expand(dice.choice(_SHORT), RULES, dice)
    return _shuffled_command(dice)


def _shuffled_command(dice: random.Random) -> str:
    words = home_sentence(dice).split() + home_sentence(dice).split()
    dice.shuffle(words)
    return " ".join(words[: dice.randint(2, 8)])


def foreign_sentence(language: str, dice: random.Random) -> str:
    """Random words of `language`, one of the keys of `other_words.FOREIGN`."""
    words: Sequence[str] = other_words.FOREIGN[language].split()
    return " ".join(dice.choices(words, k=dice.randint(2, 9)))
