"""Whether somebody who pauses after some words has said what there was to say. Pure.

WHOLE costs the other words if it is wrong, so it needs a command that does the same whatever may
follow: each device named in full or its room said, and no longer name that begins so. OPEN costs
two seconds: the words end where something must follow. Everything else is UNSURE.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from laresd.core import consent
from laresd.core.intent.abilities import is_dangerous
from laresd.core.intent.clause import Roles, values_of
from laresd.core.intent.deeds import Verb
from laresd.core.intent.lexicons import lexicon
from laresd.core.intent.meaning import Meaning
from laresd.core.intent.pieces import Piece, cut
from laresd.core.intent.senses import Lexicon
from laresd.core.intent.text import tokens
from laresd.core.language import main_language
from laresd.turns import Wholeness
from laresd.types import Entity, Home

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
_POINTS = frozenset(
    tokens("it that them this those there es sie ihn ihm ihnen dies diese dort 它他她那这")
)
_WANTS_TARGET = frozenset(
    {Verb.ON, Verb.OFF, Verb.SET, Verb.OPEN, Verb.CLOSE, Verb.LOCK, Verb.UNLOCK, Verb.TOGGLE}
)


def of_answer(text: str, language: str) -> Wholeness:
    """Of what is said after a question on which an action waits: only a no ends at once."""
    no = consent.answer(text, language) is consent.Answer.NO
    return Wholeness.WHOLE if no else Wholeness.UNSURE


def of_command(text: str, language: str, home: Home, meaning: Meaning | None) -> Wholeness:
    """`meaning`: what the grammars make of it, if they are sure of that."""
    words = tokens(text)
    if _ends_with(words, _phrases(_GOES_ON, language)):
        return Wholeness.OPEN
    clear = meaning if meaning is not None and meaning.problem is None else None
    if clear is not None:
        return Wholeness.WHOLE if _nothing_can_follow(words, clear, home) else Wholeness.UNSURE
    must = _ends_with(words, _phrases(_MAY_GO_ON, language)) or _lacks(text, language, home)
    return Wholeness.OPEN if must else Wholeness.UNSURE


def _phrases(table: dict[str, str], language: str) -> list[Words]:
    return [tokens(phrase) for phrase in table.get(main_language(language), "").split("|")]


def _ends_with(words: Words, phrases: Iterable[Words]) -> bool:
    return any(phrase and words[-len(phrase) :] == phrase for phrase in phrases)


def _nothing_can_follow(words: Words, meaning: Meaning, home: Home) -> bool:
    if meaning.talk == "nevermind":
        return True
    if not meaning.actions or not meaning.exact or _may_be_longer_name(words, home):
        return False
    for action in meaning.actions:
        entity = home.entities.get(action.entity_id)
        if entity is None or is_dangerous(entity, action.command):
            return False
        if not _is_determined(entity, words, home):
            return False
    return True


def _is_determined(entity: Entity, words: Words, home: Home) -> bool:
    """Whether the words leave no other device or room to be meant by what may follow."""
    if _is_said(tokens(entity.area or ""), words):
        return True
    said = [name for name in _names(entity) if _is_said(name, words)]
    return any(_is_only(name, entity, home.entities.values()) for name in said)


def _is_only(name: Words, entity: Entity, entities: Collection[Entity]) -> bool:
    """Whether nothing in another room is called so."""
    return all(other.area == entity.area or name not in _names(other) for other in entities)


def _may_be_longer_name(words: Words, home: Home) -> bool:
    """Whether some name or room begins with the words at the end and goes on."""
    names = [name for entity in home.entities.values() for name in _names(entity)]
    for name in (*names, *map(tokens, home.areas)):
        for length in range(1, min(len(name), len(words) + 1)):
            if words[-length:] == name[:length]:
                return True
    return False


def _names(entity: Entity) -> list[Words]:
    return [tokens(name) for name in (entity.name, *entity.aliases)]


def _is_said(phrase: Words, words: Words) -> bool:
    starts = range(len(words) - len(phrase) + 1)
    return bool(phrase) and any(words[at : at + len(phrase)] == phrase for at in starts)


def _lacks(text: str, language: str, home: Home) -> bool:
    """Whether it is the beginning of a command: a verb without a device, or a device to be set
    without a value.
    """
    known = lexicon(language)
    if known is None:
        return False
    pieces = cut(text, known, home)
    senses = [piece.sense for piece in pieces if piece.sense is not None]
    if len(senses) < len(pieces) or any(sense.stop for sense in senses):
        return False
    if any(word in _POINTS for piece in pieces for word in piece.words):
        return False
    return _lacks_a_part(pieces, known)


def _lacks_a_part(pieces: list[Piece], known: Lexicon) -> bool:
    roles = Roles(pieces)
    values = values_of(roles)
    if values is None:
        return False
    verbs = {verb for said in roles.verbs for verb in said}
    needs = verbs <= _WANTS_TARGET and bool(verbs or roles.carried)
    if not roles.described and not roles.implied:
        return needs and values.none
    particles = [p for _, p in roles.particles if p.joined not in known.particle_last]
    return roles.carried and not verbs and not particles and values.none
