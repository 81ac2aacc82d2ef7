"""The tolerant grammar: verbs, names, rooms, kinds and values in any order.

It is conservative: every word of the sentence must be accounted for, a verb and a target must be
said, and words of time, condition, negation or report mean that nothing is done. It takes
milliseconds for any text and never raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from laresd.core.intent.abilities import is_dangerous
from laresd.core.intent.clause import Clause, read
from laresd.core.intent.deeds import Choice, Values, Verb, choose
from laresd.core.intent.describe import Fit, fit, fully_named, in_name
from laresd.core.intent.lexicons import lexicon
from laresd.core.intent.meaning import Meaning, Problem, Trouble
from laresd.core.intent.pieces import Piece, cut, cut_with_options
from laresd.core.intent.robots import one_room_only
from laresd.core.intent.senses import Lexicon
from laresd.core.intent.targets import ambiguous, one_room, same_area
from laresd.types import Action, Entity, Home

MAX_CHARACTERS = 200
MAX_PIECES = 30
MAX_CLAUSES = 3
MAX_STRANGE = 2  # unknown words that may still be the name of a device
_EVERYTHING = ("light", "switch", "fan", "media_player")
_BY_NAME = ("media_player", "todo")
_ALL_AT_ONCE = ("light", "fan", "cover")  # "the kitchen light" may be three lamps


@dataclass(frozen=True, slots=True)
class Found:
    """The targets of a clause. `exact`: said in full, nothing was concluded."""

    entities: tuple[Entity, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class _Scene:
    home: Home
    here: str | None
    lexicon: Lexicon


def understand(text: str, language: str, home: Home, here: str | None) -> Meaning | None:
    """What the sentence asks for; None when it is not surely a command for this home.

    `here`: the room where it was said.
    """
    words = lexicon(language)
    if words is None or not text.strip() or len(text) > MAX_CHARACTERS:
        return None
    scene = _Scene(home, here, words)
    listed = _list_item(text, scene)
    if listed is not None:
        return listed
    pieces = cut(text, words, home)
    if not pieces or len(pieces) > MAX_PIECES or any(_stops(piece) for piece in pieces):
        return None
    meaning = _sentence(pieces, scene, MAX_CLAUSES)
    if meaning is not None and meaning.problem is None:
        return meaning
    return _with_options(text, scene) or meaning


def _with_options(text: str, scene: _Scene) -> Meaning | None:
    """ "Set the thermostat to eco": words that a device has as a mode are read so only where they
    mean nothing else.
    """
    if not any(entity.options for entity in scene.home.entities.values()):
        return None
    pieces = cut_with_options(text, scene.lexicon, scene.home)
    if not any(piece.sense is not None and piece.sense.option for piece in pieces):
        return None
    meaning = _sentence(pieces, scene, MAX_CLAUSES)
    return meaning if meaning is not None and meaning.problem is None else None


def _stops(piece: Piece) -> bool:
    return piece.sense is not None and piece.sense.stop and not piece.sense.names


def _sentence(pieces: Sequence[Piece], scene: _Scene, clauses: int) -> Meaning | None:
    """One clause, or several joined by "and" when each of them can be understood."""
    clause = read(pieces, scene.lexicon)
    meaning = _clause(clause, scene) if clause is not None else None
    if clauses == 1 or (meaning is not None and meaning.problem is None):
        return meaning
    for index, piece in enumerate(pieces):
        if piece.sense is not None and piece.sense.link:
            first = _sentence(pieces[:index], scene, 1)
            rest = _sentence(pieces[index + 1 :], scene, clauses - 1)
            if first is not None and rest is not None:
                return _both(first, rest)
    return meaning


def _both(first: Meaning, second: Meaning) -> Meaning:
    """Both, or the problem of one: half of what was asked is not done."""
    for part in (first, second):
        if part.problem is not None:
            return part
    exact = first.exact and second.exact
    return replace(first, actions=first.actions + second.actions, exact=exact)


def _clause(clause: Clause, scene: _Scene) -> Meaning | None:
    intent = f"loose_{clause.verbs[0]}"
    found: list[Found] = []
    for group in clause.groups or ((),):
        target = _targets(group, clause, scene)
        if target is None or (isinstance(target, Problem) and not clause.verb_said):
            return None
        if not isinstance(target, Problem):
            target = _for_one_room(group, clause, scene, target.entities) or target
        if isinstance(target, Problem):
            return Meaning(intent, problem=target, exact=False)
        found.append(target)
    exact = all(target.exact for target in found)
    return _deed(intent, [e for target in found for e in target.entities], exact, clause, scene)


def _for_one_room(
    group: Sequence[Piece],
    clause: Clause,
    scene: _Scene,
    meant: Sequence[Entity] = (),
    able: Sequence[Entity] = (),
) -> Problem | None:
    return one_room_only(group, clause, meant, able, lexicon=scene.lexicon, here=scene.here)


def _deed(
    intent: str, entities: Sequence[Entity], exact: bool, clause: Clause, scene: _Scene
) -> Meaning:
    actions: list[Action] = []
    for entity in entities:
        choice = _choice(entity, clause, scene)
        if isinstance(choice, Problem):
            return Meaning(intent, problem=choice, exact=exact)
        sure = exact and len(entities) == 1
        if not sure and is_dangerous(entity, choice[0]):
            problem = Problem(Trouble.DANGEROUS, {"name": entity.name})
            return Meaning(intent, problem=problem, exact=False)
        actions.append(Action(entity.entity_id, choice[0], choice[1]))
    return Meaning(intent, actions=tuple(actions), exact=exact)


def _choice(entity: Entity, clause: Clause, scene: _Scene) -> Choice | Problem:
    """The first of the verbs that the entity can do."""
    state = scene.home.state(entity.entity_id)
    problem = Problem(Trouble.UNSUPPORTED, {"name": entity.name})
    for verb in clause.verbs:
        choice = choose(verb, clause.values, entity, state)
        if not isinstance(choice, Problem):
            return choice
        if choice.trouble is not Trouble.UNSUPPORTED:
            problem = choice
    return problem


def _is_able(entity: Entity, clause: Clause, scene: _Scene) -> bool:
    if clause.implied and entity.domain not in clause.implied:
        return False
    if clause.percent_sign and entity.domain == "climate":
        return False
    choice = _choice(entity, clause, scene)
    return not isinstance(choice, Problem) or choice.trouble is not Trouble.UNSUPPORTED


def _targets(group: Sequence[Piece], clause: Clause, scene: _Scene) -> Found | Problem | None:
    """The entities that one description means; None when nothing in the home is meant."""
    able = [e for e in scene.home.entities.values() if _is_able(e, clause, scene)]
    if clause.everything:
        return _everything(group, able, clause, scene)
    if not group:
        return _undescribed(able, clause, scene)
    fits = {entity.entity_id: fit(group, entity, scene.lexicon) for entity in able}
    described = [entity for entity in able if fits[entity.entity_id] is not Fit.NOT]
    if not described:
        elsewhere = _for_one_room(group, clause, scene, able=able)
        return elsewhere or _unable(group, scene) or _unknown(group)
    well = [entity for entity in described if fits[entity.entity_id] is Fit.WELL]
    generic = all(_is_generic(piece) for piece in group)
    many = clause.every or any(p.sense and p.sense.kind and p.sense.kind.many for p in group)
    if not (generic and many):
        named = _fully_named(group, well, scene) or _unable(group, scene, like=well)
        if named is not None:
            return named
    if generic:
        return _generic(group, well, many, clause, scene)
    return _partly_named(described, well, many, scene)


def _is_generic(piece: Piece) -> bool:
    """Whether the piece names a room or a kind, and nothing of its own."""
    return piece.sense is not None and (piece.sense.kind is not None or bool(piece.sense.area))


def _fully_named(
    group: Sequence[Piece], well: Sequence[Entity], scene: _Scene
) -> Found | Problem | None:
    lengths = {e.entity_id: fully_named(group, e, scene.lexicon) for e in well}
    longest = max(lengths.values(), default=0)
    if not longest:
        return None
    return _in_one_room([e for e in well if lengths[e.entity_id] == longest], scene, exact=True)


def _generic(
    group: Sequence[Piece], well: Sequence[Entity], many: bool, clause: Clause, scene: _Scene
) -> Found | Problem | None:
    """ "The kitchen lights", "all blinds", "the fan"."""
    rooms = any(piece.sense and piece.sense.area for piece in group)
    kinds = any(piece.sense and piece.sense.kind for piece in group)
    if not kinds:  # a room alone means its lights
        well = [entity for entity in well if entity.domain in (clause.implied or {"light"})]
    if not well:
        return None
    well = _called_so(group, well, scene)
    if not rooms and not (clause.every and not clause.here):
        chosen = _nearby(well, clause, scene)
        if isinstance(chosen, Problem):
            return chosen
        well = chosen
    together = all(entity.domain in _ALL_AT_ONCE for entity in well)
    if len(well) > 1 and not many and not together:
        return ambiguous(well)
    return Found(tuple(well), exact=kinds)


def _called_so(group: Sequence[Piece], well: Sequence[Entity], scene: _Scene) -> Sequence[Entity]:
    """Players and lists that have the word in their name: "the radio" is not the television."""
    kinds = [piece for piece in group if piece.sense and piece.sense.kind]
    if any(entity.domain not in _BY_NAME for entity in well):
        return well
    words = [Piece((word,)) for piece in kinds for word in piece.words]
    return [e for e in well if any(in_name(p, e, scene.lexicon) for p in words)] or well


def _nearby(entities: Sequence[Entity], clause: Clause, scene: _Scene) -> list[Entity] | Problem:
    """Those in the room where it was said, the only one, or the only one that is playing."""
    nearby = [entity for entity in entities if same_area(entity, scene.here)]
    if clause.here and not nearby:
        return ambiguous(entities)
    playing = [e for e in entities if scene.home.state(e.entity_id).state == "playing"]
    for group in (nearby, entities if len(entities) == 1 else (), playing):
        if group and (group is not playing or len(playing) == 1):
            return list(group)
    return ambiguous(entities)


def _partly_named(
    described: Sequence[Entity], well: Sequence[Entity], many: bool, scene: _Scene
) -> Found | Problem:
    """A part of a name, or one heard almost right: only when it can mean one thing."""
    found = list(well or described)
    if len(found) > 1 and not many:
        nearby = [entity for entity in found if same_area(entity, scene.here)]
        if len(nearby) != 1:
            return ambiguous(found)
        found = nearby
    return _in_one_room(found, scene, exact=False)


def _in_one_room(found: Sequence[Entity], scene: _Scene, *, exact: bool) -> Found | Problem:
    chosen = one_room(found, scene.here)
    return chosen if isinstance(chosen, Problem) else Found(tuple(chosen), exact)


def _everything(
    group: Sequence[Piece], able: Sequence[Entity], clause: Clause, scene: _Scene
) -> Found | None:
    """ "Everything off", in a room or the home; never "everything open" or "on"."""
    if clause.verbs[0] is not Verb.OFF:
        return None
    rooms = [piece.sense.area for piece in group if piece.sense is not None and piece.sense.area]
    if len(rooms) != len(group) or len(rooms) > 1:
        return None
    room = rooms[0] if rooms else scene.here if clause.here else None
    found = [e for e in able if e.domain in _EVERYTHING and (not room or same_area(e, room))]
    return Found(tuple(found)) if found else None


def _undescribed(able: Sequence[Entity], clause: Clause, scene: _Scene) -> Found | Problem | None:
    """ "Turn the volume down", "dim": the verb or the quality says what it is about."""
    if not clause.implied or not able or clause.needs_target:
        return None
    chosen = list(able) if clause.every and not clause.here else _nearby(able, clause, scene)
    return chosen if isinstance(chosen, Problem) else Found(tuple(chosen), exact=False)


def _unable(group: Sequence[Piece], scene: _Scene, like: Sequence[Entity] = ()) -> Problem | None:
    """A device that was named in full but cannot do it. `like`: only one of these kinds: "the
    thermostat" that is called so is meant, not the air conditioner, which can.
    """
    domains = {entity.domain for entity in like}
    for entity in scene.home.entities.values():
        if domains and entity.domain not in domains:
            continue
        full = fully_named(group, entity, scene.lexicon)
        if full and fit(group, entity, scene.lexicon) is Fit.WELL:
            return Problem(Trouble.UNSUPPORTED, {"name": entity.name})
    return None


def _unknown(group: Sequence[Piece]) -> Problem | None:
    """ "Turn on the oven" where there is none; a longer story is no device's name."""
    said = [piece for piece in group if piece.sense is None or piece.sense.kind is not None]
    strange = sum(piece.sense is None for piece in said)
    if len(said) < len(group) or not 0 < strange <= MAX_STRANGE:
        return None
    words = [word for piece in said for word in piece.words]
    name = ("" if not words[0].isascii() else " ").join(words)
    return Problem(Trouble.UNKNOWN_DEVICE, {"name": name})


def _list_item(text: str, scene: _Scene) -> Meaning | None:
    """ "Add milk to the shopping list": the item is free text, so this is read before all else."""
    patterns = [(Verb.ADD, pattern) for pattern in scene.lexicon.add_item]
    patterns += [(Verb.COMPLETE, pattern) for pattern in scene.lexicon.complete_item]
    lists = [e for e in scene.home.entities.values() if e.domain == "todo"]
    for verb, pattern in patterns if lists else ():
        match = pattern.fullmatch(_plain(text))
        if match is None:
            continue
        pieces = [
            piece
            for piece in cut(match["list"], scene.lexicon, scene.home)
            if piece.sense is None or not piece.sense.filler
        ]
        clause = Clause((verb,), Values(item=match["item"].strip()), (tuple(pieces),))
        return _clause(clause, scene) if pieces else None
    return None


def _plain(text: str) -> str:
    """In one line, without politeness and full stops; the item keeps its own spelling."""
    text = " ".join(text.split()).strip(" .!。！")
    lowered = text.casefold()
    for opening in ("please ", "bitte ", "can you ", "could you ", "kannst du ", "请"):
        if lowered.startswith(opening):
            text = text[len(opening) :]
            lowered = text.casefold()
    return text[:1].casefold() + text[1:]
