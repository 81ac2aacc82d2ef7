"""Whether somebody who pauses after some words has said what there was to say. Pure.

WHOLE costs the other words if it is wrong, so it needs a command that does the same whatever may
follow: each device named in full or its room said, and no longer name that begins so. LIKELY is
what is clear, but would be clearer with more: a room, another half hour. OPEN costs two seconds:
the words end where something must follow. Everything else, and what is dangerous, is UNSURE.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from laresd.core import consent
from laresd.core.intent.abilities import is_dangerous
from laresd.core.intent.clause import Roles, values_of
from laresd.core.intent.deeds import Verb
from laresd.core.intent.lexicons import lexicon
from laresd.core.intent.meaning import Meaning
from laresd.core.intent.pieces import Piece, cut
from laresd.core.intent.senses import Lexicon
from laresd.core.intent.text import tokens
from laresd.language import main_language
from laresd.turns import Wholeness
from laresd.types import Command, Entity, Home

Words = tuple[str, ...]

# After these something follows, whatever stands before them.
_GOES_ON = {
    "en": "the|a|an|my|our|your|and|then|or|but|with|of|uh|um|uhm|er|erm|hmm",
    "de": "der|die|das|den|dem|des|eine|einen|einem|einer|mein|meine|meinen|unser|unsere|und|"
    "dann|oder|aber|mit|von|im|äh|ähm|öh|hm|also",
    "zh": "把|将|和|跟|还有|然后|的|嗯|呃|那个|这个",
}
# And after these, unless a command ends with them: "zu" is a preposition, and "closed".
_MAY_GO_ON = {
    "en": "to|in|at|by|for|from|on|set|turn|switch|make",
    "de": "auf|zu|in|an|ein|um|für|bei|stelle|stell|schalte|mach|mache|setze",
    "zh": "到|成|在|给|为|调|设置|打|请",
}
# A command may end with these, and a value may follow: "mach das Rollo auf (50 Prozent)".
_TAKES_VALUE = {"de": "auf", "zh": "到"}
_IN = {"en": "in|in the|in my|in our", "de": "im|in der|in dem|in", "zh": ""}
_OBJECT_FIRST = frozenset({"把", "将"})  # the verb follows what they stand before
_POINTS = frozenset(
    tokens("it that them this those there es sie ihn ihm ihnen dies diese dort 它他她那这")
)
_WANTS_TARGET = frozenset(
    {
        Verb.ON,
        Verb.OFF,
        Verb.SET,
        Verb.OPEN,
        Verb.CLOSE,
        Verb.LOCK,
        Verb.UNLOCK,
        Verb.TOGGLE,
        Verb.ACTIVATE,
        Verb.START,
        Verb.PRESS,
    }
)


def of_answer(text: str, language: str) -> Wholeness:
    """Of what is said after a question on which an action waits: only a no ends at once."""
    no = consent.answer(text, language) is consent.Answer.NO
    return Wholeness.WHOLE if no else Wholeness.UNSURE


def of_command(text: str, language: str, home: Home, meaning: Meaning | None) -> Wholeness:
    """`meaning`: what the grammars make of it, if they are sure of that."""
    words, known = tokens(text), lexicon(language)
    if not words:
        return Wholeness.UNSURE
    if _ends_with(words, _phrases(_GOES_ON, language)):
        return Wholeness.OPEN
    pieces = cut(text, known, home) if known is not None else []
    if meaning is not None and meaning.problem is None:
        more = _ends_with(words, _phrases(_TAKES_VALUE, language))
        more = more or _may_be_longer_number(pieces, meaning)
        if not _in_a_room(words, language, home):
            more = more or _may_be_longer_name(words, home)
        return Wholeness.UNSURE if more else _of_meaning(words, meaning, home)
    if known is None or not _POINTS.isdisjoint(words) or words[0] in known.questions:
        return Wholeness.UNSURE
    must = _ends_with(words, _phrases(_MAY_GO_ON, language)) or _lacks(pieces, known)
    must = must or _wants_unit(pieces)
    return Wholeness.OPEN if must else Wholeness.UNSURE


def _phrases(table: dict[str, str], language: str) -> list[Words]:
    return [tokens(phrase) for phrase in table.get(main_language(language), "").split("|")]


def _ends_with(words: Words, phrases: Iterable[Words]) -> bool:
    return any(phrase and words[-len(phrase) :] == phrase for phrase in phrases)


def _of_meaning(words: Words, meaning: Meaning, home: Home) -> Wholeness:
    """Of a clear command or question whose last word is complete."""
    if meaning.talk == "nevermind":
        return Wholeness.WHOLE
    if not meaning.actions or not meaning.exact:
        return Wholeness.LIKELY
    whole = True
    for action in meaning.actions:
        entity = home.entities.get(action.entity_id)
        if entity is None or is_dangerous(entity, action.command):
            return Wholeness.UNSURE
        whole = whole and _is_determined(entity, words, home)
    return Wholeness.WHOLE if whole else Wholeness.LIKELY


def _is_determined(entity: Entity, words: Words, home: Home) -> bool:
    """Whether the words leave no other device or room to be meant by what may follow."""
    if _is_said(tokens(entity.area or ""), words):
        return True
    said = [name for name in _names(entity) if _is_said(name, words)]
    return any(_is_only(name, entity, home.entities.values()) for name in said)


def _is_only(name: Words, entity: Entity, entities: Collection[Entity]) -> bool:
    """Whether nothing in another room is called so."""
    return all(other.area == entity.area or name not in _names(other) for other in entities)


def _in_a_room(words: Words, language: str, home: Home) -> bool:
    """Whether they end with a room where something is, and not with the beginning of a name."""
    rooms = [tokens(area) for area in home.areas]
    before = [words[: -len(room)] for room in rooms if room and words[-len(room) :] == room]
    return any(_ends_with(rest, _phrases(_IN, language)) for rest in before)


def _may_be_longer_name(words: Words, home: Home) -> bool:
    """Whether some name or room begins with the words at the end and goes on."""
    names = [name for entity in home.entities.values() for name in _names(entity)]
    for name in (*names, *map(tokens, home.areas)):
        for length in range(1, min(len(name), len(words) + 1)):
            if words[-length:] == name[:length]:
                return True
    return False


def _may_be_longer_number(pieces: Sequence[Piece], meaning: Meaning) -> bool:
    """Whether a degree may be missing: "to twenty (one)". One percent more or less hurts nobody."""
    last = pieces[-1].sense if pieces else None
    degrees = any(action.command is Command.SET_TEMPERATURE for action in meaning.actions)
    return degrees and last is not None and last.number is not None


def _names(entity: Entity) -> list[Words]:
    return [tokens(name) for name in (entity.name, *entity.aliases)]


def _is_said(phrase: Words, words: Words) -> bool:
    starts = range(len(words) - len(phrase) + 1)
    return bool(phrase) and any(words[at : at + len(phrase)] == phrase for at in starts)


def _wants_unit(pieces: Sequence[Piece]) -> bool:
    """Whether it ends with a number of nobody knows what, after other words: "a timer for five"."""
    last = pieces[-1].sense if len(pieces) > 1 else None
    return last is not None and last.number is not None and last.kind is None


def _lacks(pieces: Sequence[Piece], known: Lexicon) -> bool:
    """Whether it is the beginning of a command: a verb without a device, or a device to be set
    without a value.
    """
    roles = Roles(pieces)
    values = values_of(roles)
    strange = any(piece.sense is None or piece.sense.stop for piece in pieces)
    if strange or values is None or not values.none:
        return False
    verbs = {verb for said in roles.verbs for verb in said}
    if not verbs and any(word in _OBJECT_FIRST for piece in pieces for word in piece.words):
        return True
    if not roles.described and not roles.implied:
        return verbs <= _WANTS_TARGET and bool(verbs or roles.carried)
    particles = [p for _, p in roles.particles if p.joined not in known.particle_last]
    return roles.carried and not verbs and not particles
