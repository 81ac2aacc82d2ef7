"""Reads a follow-up and resolves it against the conversation. Pure; bounded by MAX_TOKENS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from laresd.core.conversation import Conversation, Exchange
from laresd.core.follow_ups import described
from laresd.core.follow_ups.result import FollowUp, Telling
from laresd.core.follow_ups.wanted import Wanted, acting, as_before, careful
from laresd.core.follow_ups.words import Phrase, Words, begins, ends, without, words
from laresd.core.intent import loose
from laresd.core.intent.clause import Clause, read
from laresd.core.intent.deeds import Verb
from laresd.core.intent.describe import Fit, fit
from laresd.core.intent.lexicons import lexicon
from laresd.core.intent.meaning import Ask, Meaning, Problem, Question
from laresd.core.intent.pieces import cut
from laresd.core.intent.senses import Lexicon
from laresd.core.intent.targets import ambiguous, same_area
from laresd.core.intent.text import tokens
from laresd.core.undo import undo
from laresd.types import Entity, Home

MAX_TOKENS = 14
_STEPS = frozenset({Verb.MORE, Verb.LESS})
_TRANSFERABLE = (Ask.STATE, Ask.IS, Ask.TEMPERATURE)


@dataclass(frozen=True, slots=True)
class Scene:
    """The sentence without politeness, and what it can be about."""

    said: Phrase
    text: str
    language: str
    conversation: Conversation
    home: Home
    here: str | None
    words: Words
    lexicon: Lexicon

    def entities(self, exchange: Exchange) -> list[Entity]:
        """Those that it was about and that are still there."""
        known = self.home.entities
        return [known[entity_id] for entity_id in exchange.topic if entity_id in known]


def understand(
    text: str, language: str, conversation: Conversation, home: Home, here: str | None
) -> FollowUp | None:
    """What the sentence means after what was said before; None when it is no sure follow-up.

    `conversation`: only what is fresh. `here`: the room where it was said.
    """
    own, lexical = words(language), lexicon(language)
    said = tokens(text)
    if own is None or lexical is None or not said or len(said) > MAX_TOKENS:
        return None
    scene = Scene(_plain(said, own), text, language, conversation, home, here, own, lexical)
    for rule in _RULES:
        found = rule(scene)
        if found is not None:
            return found
    return None


def _plain(said: Phrase, own: Words) -> Phrase:
    """Without politeness at either end."""
    while (rest := begins(said, own.polite)) is not None and rest:
        said = rest
    while (rest := ends(said, own.polite)) is not None and rest:
        said = rest
    return said


def _told(scene: Scene) -> FollowUp | None:
    """ "What did you just do?" """
    if scene.said not in scene.words.told:
        return None
    acted = scene.conversation.acted
    if acted is None or not acted.deeds:
        return FollowUp(telling=Telling.NOTHING_DONE)
    return FollowUp(telling=Telling.DONE, outcomes=acted.outcomes)


def _undo(scene: Scene) -> FollowUp | None:
    """ "Undo that", "put it back"."""
    if scene.said not in scene.words.undo:
        return None
    acted = scene.conversation.acted
    if acted is None:
        return FollowUp(telling=Telling.NOTHING_TO_UNDO)
    if acted.undone:
        return FollowUp(telling=Telling.UNDONE_ALREADY)
    back = undo(acted, scene.home)
    if not back.actions:
        lost = acted.lasting or bool(back.lost)
        telling = Telling.NO_WAY_BACK if lost else Telling.NOTHING_TO_UNDO
        return FollowUp(telling=telling, ids=back.lost)
    meaning = Meaning("follow_up_undo", actions=back.actions, exact=False)
    return FollowUp(meaning, ids=back.lost, puts_back=True)


def _again(scene: Scene) -> FollowUp | None:
    """ "Again": what the last request did, or a step further for what changed by a step."""
    latest = scene.conversation.latest
    if scene.said not in scene.words.again or latest is None or not latest.deeds or latest.undone:
        return None
    wanted = as_before(latest)
    if wanted is not None and not _STEPS.isdisjoint(wanted.verbs):
        return _acting(_stepping(wanted), wanted, scene.entities(latest), scene)
    actions = tuple(d.action for d in latest.deeds if d.action.entity_id in scene.home.entities)
    if len(actions) < len(latest.deeds):
        return None
    repeated = Meaning("follow_up_again", actions=actions, exact=False)
    return FollowUp(careful(repeated, scene.home))


def _step(scene: Scene) -> FollowUp | None:
    """ "More", "a bit less": of what the last request changed."""
    for phrases, verb in ((scene.words.more, Verb.MORE), (scene.words.less, Verb.LESS)):
        if scene.said in phrases:
            latest = scene.conversation.latest
            if latest is None or not latest.deeds:
                return None
            small = without(scene.said, scene.words.bit) != scene.said
            wanted = Wanted((verb,), small=small)
            entities = scene.entities(latest)
            if not entities or not all(wanted.can(entity, scene.home) for entity in entities):
                return None
            return _acting(_stepping(wanted), wanted, entities, scene)
    return None


def _choice(scene: Scene) -> FollowUp | None:
    """ "The bedroom", when it was asked which lamp is meant."""
    latest = scene.conversation.latest
    if latest is None or not latest.choices:
        return None
    text = " ".join(without(scene.said, scene.words.noun))
    choices = [scene.home.entities[i] for i in latest.choices if i in scene.home.entities]
    found = described.descriptions(text, scene.lexicon, scene.home)
    if found is None or len(found[0]) != 1:
        return None
    (group,), _ = found
    chosen = [entity for entity in choices if fit(group, entity, scene.lexicon) is Fit.WELL]
    if len(chosen) != 1:
        return None
    others = {entity.entity_id for entity in choices} - {chosen[0].entity_id}
    return _asked_again(latest, chosen[0], others, scene)


def _asked_again(
    asked: Exchange, chosen: Entity, others: set[str], scene: Scene
) -> FollowUp | None:
    """What the earlier sentence means where there is only the chosen one of the choices."""
    left = {key: e for key, e in scene.home.entities.items() if key not in others}
    home = replace(scene.home, entities=left)
    meaning = loose.understand(asked.text, asked.language, home, scene.here)
    if meaning is None:
        before = scene.conversation.before_latest()
        again = understand(asked.text, asked.language, before, home, scene.here)
        meaning = again.meaning if again is not None else None
    if meaning is None or meaning.problem is not None:
        return None
    if chosen.entity_id not in {action.entity_id for action in meaning.actions}:
        return None
    return FollowUp(careful(replace(meaning, exact=False), scene.home))


def _other(scene: Scene) -> FollowUp | None:
    """ "The other one", where there are two of them."""
    about = scene.conversation.about
    if scene.said not in scene.words.other or about is None or not about.deeds:
        return None
    spoken, wanted = scene.entities(about), as_before(about)
    if len(spoken) != 1 or wanted is None:
        return None
    others = _others(spoken[0], wanted, scene)
    if not others:
        return None
    if len(others) > 1:
        return FollowUp(Meaning("follow_up_other", problem=ambiguous(others), exact=False))
    return _acting("follow_up_other", wanted, others, scene)


def _others(one: Entity, wanted: Wanted, scene: Scene) -> list[Entity]:
    """Those of the same name, else those of its kind in its room."""
    every = [
        entity
        for entity in scene.home.entities.values()
        if entity != one and described.is_like(entity, one) and wanted.can(entity, scene.home)
    ]
    same = [entity for entity in every if entity.name.casefold() == one.name.casefold()]
    return same or [entity for entity in every if same_area(entity, one.area)]


def _instead(scene: Scene) -> FollowUp | None:
    """ "Not that one, the hall": what was done is put back, and done to what was meant."""
    rest = begins(scene.said, scene.words.instead)
    latest = scene.conversation.latest
    if not rest or latest is None or not latest.deeds or latest.undone:
        return None
    wanted = as_before(latest)
    if wanted is None:
        return None
    right = _further(rest, latest, wanted, scene)
    if right is None or right.meaning is None or right.meaning.problem is not None:
        return right
    touched = {action.entity_id for action in right.meaning.actions}
    if touched & set(latest.topic):
        return None
    back = undo(latest, scene.home)
    meaning = replace(right.meaning, actions=(*back.actions, *right.meaning.actions))
    return FollowUp(careful(meaning, scene.home), ids=back.lost)


def _also(scene: Scene) -> FollowUp | None:
    """ "And the bedroom", "also the fan", "the kitchen too"."""
    about = scene.conversation.about
    rest = begins(scene.said, scene.words.before)
    shorter = ends(rest or scene.said, scene.words.after)
    rest = shorter if shorter else rest
    if not rest or about is None or about.undone:
        return None
    if about.question is not None:
        return _asking(rest, about, about.question, scene)
    wanted = as_before(about)
    return None if wanted is None else _further(rest, about, wanted, scene)


def _further(rest: Phrase, about: Exchange, wanted: Wanted, scene: Scene) -> FollowUp | None:
    """The same for what the rest of the sentence describes."""
    targets = _described(rest, about, lambda entity: wanted.can(entity, scene.home), scene)
    if targets is None:
        return None
    if isinstance(targets, Problem):
        return FollowUp(Meaning("follow_up_also", problem=targets, exact=False))
    steps = not _STEPS.isdisjoint(wanted.verbs)
    return _acting(_stepping(wanted) if steps else "follow_up_also", wanted, targets, scene)


def _asking(rest: Phrase, about: Exchange, question: Question, scene: Scene) -> FollowUp | None:
    """ "And the bedroom?" after a question: the same question, never an action."""
    if question.ask not in _TRANSFERABLE or not scene.entities(about):
        return None
    like = scene.entities(about)[0]
    targets = _described(rest, about, lambda entity: described.is_like(entity, like), scene)
    if targets is None:
        return None
    if isinstance(targets, Problem):
        return FollowUp(Meaning("follow_up_ask", problem=targets, exact=False))
    ids = tuple(entity.entity_id for entity in targets)
    return FollowUp(Meaning("follow_up_ask", question=replace(question, entity_ids=ids)))


def _described(
    rest: Phrase, about: Exchange, able: described.Able, scene: Scene
) -> list[Entity] | Problem | None:
    text = " ".join(ends(rest, scene.words.noun) or rest)
    found = described.descriptions(text, scene.lexicon, scene.home)
    if found is None:
        return None
    groups, every = found
    spoken = scene.entities(about)
    alike = bool(spoken) and all(described.is_like(entity, spoken[0]) for entity in spoken)
    targets: list[Entity] = []
    for group in groups:
        part = described.found(
            group,
            every,
            like=spoken[0] if alike else None,
            able=able,
            home=scene.home,
            here=scene.here,
            lexicon=scene.lexicon,
        )
        if part is None or isinstance(part, Problem):
            return part
        targets += [entity for entity in part if entity not in targets]
    return targets


def _pronoun(scene: Scene) -> FollowUp | None:
    """ "Turn it back on", "make them red", "a bit brighter"."""
    about = scene.conversation.about
    if about is None or _names_something(scene):
        return None
    one, many = _spoken_of(scene)
    small = without(scene.said, scene.words.bit) != scene.said
    clause = _clause(scene)
    if clause is None or clause.every or clause.everything or clause.here:
        return None
    steps = _STEPS.issuperset(clause.verbs) and not clause.values.percent
    back = without(scene.said, scene.words.back) != scene.said
    if not (one or many or steps or back):
        return None
    wanted = Wanted(clause.verbs, clause.values, small)
    entities = [
        e for e in scene.entities(about) if not clause.implied or e.domain in clause.implied
    ]
    if not (one or many) and (not about.deeds or not _all_can(wanted, entities, scene)):
        return None
    return _done_to(wanted, entities, scene, single=one and not many)


def _done_to(
    wanted: Wanted, entities: Sequence[Entity], scene: Scene, *, single: bool
) -> FollowUp | None:
    if not entities:
        return None
    if single and len(entities) > 1 and not _is_one_thing(entities):
        return FollowUp(Meaning("follow_up_it", problem=ambiguous(entities), exact=False))
    steps = _STEPS.issuperset(wanted.verbs)
    return _acting(_stepping(wanted) if steps else "follow_up_it", wanted, entities, scene)


def _is_one_thing(entities: Sequence[Entity]) -> bool:
    """Lamps of one room are spoken of as its light."""
    return len({(entity.domain, entity.area) for entity in entities}) == 1


def _all_can(wanted: Wanted, entities: Sequence[Entity], scene: Scene) -> bool:
    return bool(entities) and all(wanted.can(entity, scene.home) for entity in entities)


def _names_something(scene: Scene) -> bool:
    """Whether a device, a room or a kind is named: then it is no follow-up on another one."""
    pieces = cut(" ".join(scene.said), scene.lexicon, scene.home)
    senses = [piece.sense for piece in pieces if piece.sense is not None]
    return any(sense.names or sense.area for sense in senses)


def _spoken_of(scene: Scene) -> tuple[bool, bool]:
    one = without(scene.said, scene.words.one) != scene.said
    return one, without(scene.said, scene.words.many) != scene.said


def _clause(scene: Scene) -> Clause | None:
    """The sentence without the words that point back, as the tolerant grammar reads it."""
    own = scene.words
    rest = without(scene.said, own.many | own.one | own.back)
    rest = begins(rest, own.before) or rest
    for words_left in (rest, without(rest, own.bit)):  # "a bit" may be part of the verb
        pieces = cut(" ".join(words_left), scene.lexicon, scene.home)
        if any(piece.sense is not None and piece.sense.stop for piece in pieces):
            return None
        clause = read(pieces, scene.lexicon)
        if clause is not None and not clause.groups:
            return clause
    return None


def _acting(
    intent: str, wanted: Wanted, entities: Sequence[Entity], scene: Scene
) -> FollowUp | None:
    return FollowUp(acting(intent, wanted, entities, scene.home)) if entities else None


def _stepping(wanted: Wanted) -> str:
    """An intent by which "again" and "and the bedroom" know that it was a step."""
    return "follow_up_more" if Verb.MORE in wanted.verbs else "follow_up_less"


_RULES: tuple[Callable[[Scene], FollowUp | None], ...] = (
    _told,
    _undo,
    _choice,
    _again,
    _step,
    _other,
    _instead,
    _pronoun,
    _also,
)
