"""Reads the pieces of one clause: the verb, the values, the description of the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laresd.core.intent.deeds import Values, Verb
from laresd.core.intent.pieces import Piece
from laresd.core.intent.senses import Lexicon, Sense

Verbs = tuple[Verb, ...]
_SET = (Verb.SET,)
_LIGHT = frozenset({"light"})
_SETTING = frozenset({Verb.ON, Verb.SET})
_VALUED = frozenset({Verb.ON, Verb.OPEN, Verb.START})  # with a value they set
_KELVIN = range(1000, 10001)


@dataclass(frozen=True, slots=True)
class Clause:
    """What one clause says. `verbs`: alternatives, the device decides. `groups`: descriptions.

    `implied`: the domains that the verb or a quality ("volume") speaks of; empty for any.
    """

    verbs: Verbs
    values: Values
    groups: tuple[tuple[Piece, ...], ...]
    implied: frozenset[str] = frozenset()
    every: bool = False
    everything: bool = False
    here: bool = False
    percent_sign: bool = False
    needs_target: bool = False
    verb_said: bool = True  # False: "lamp red", where the value alone is the command


def read(pieces: Sequence[Piece], lexicon: Lexicon) -> Clause | None:
    """The clause; None when verb or values are missing or contradict each other."""
    roles = Roles(pieces)
    verbs = _verbs(roles, lexicon)
    values = values_of(roles)
    if values is None or not verbs:
        return None
    verbs, values = _agreed(verbs, values, roles)
    if not verbs:
        return None
    return Clause(
        verbs=verbs,
        values=values,
        groups=groups_of(roles.described),
        implied=_LIGHT if values.color or values.kelvin else roles.implied,
        every=any(sense.every for sense in roles.senses),
        everything=any(sense.everything for sense in roles.senses),
        here=any(sense.here for sense in roles.senses),
        percent_sign=any(sense.unit == "percent" for sense in roles.senses),
        needs_target=any(sense.needs_target for sense in roles.senses),
        verb_said=bool(roles.verbs or roles.particles or roles.carried),
    )


class Roles:
    """Which piece plays which part. "Lock" and "vacuum" are verbs only where there is no other."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.verbs: list[Verbs] = []
        self.particles: list[tuple[int, Piece]] = []
        self.described: list[Piece] = []  # with the links between them
        self.senses: list[Sense] = []
        self.carried = False
        self.clock = False  # a bare number follows a word for the time
        self.last = -1  # index of the last piece that is no filler
        self._pure = any(p.sense and p.sense.verbs and not p.sense.kind for p in pieces)
        implied: list[frozenset[str]] = []
        for index, piece in enumerate(pieces):
            sense = piece.sense
            if sense is not None:
                self.clock |= sense.number is not None and _is_clock(pieces, index)
                self.senses.append(sense)
            if sense is None or self._describes(sense):
                self.described.append(piece)
            elif sense.link:
                self.described.append(piece)
                continue
            elif not self._plays(index, piece, sense):
                continue
            elif sense.implied:
                implied.append(frozenset(sense.implied))
            self.last = index
        self.implied = frozenset.intersection(*implied) if implied else frozenset[str]()
        self.contradicts = bool(implied) and not self.implied

    def _describes(self, sense: Sense) -> bool:
        if sense.names or sense.area:
            return True
        if sense.kind is None:
            return False
        verb_elsewhere = self.verbs or self.carried or (self._pure and not sense.carrier)
        return bool(verb_elsewhere) or not _acts(sense)

    def _plays(self, index: int, piece: Piece, sense: Sense) -> bool:
        """Whether the piece is more than a filler."""
        if sense.particle:
            self.particles.append((index, piece))
        elif sense.verbs and sense.verbs != _SET:
            self.verbs.append(sense.verbs)
        elif sense.carrier or sense.verbs:
            self.carried = True
        else:
            return not sense.filler
        return True


def _is_clock(pieces: Sequence[Piece], index: int) -> bool:
    """ "At seven", but not "at seven percent"."""
    before = pieces[index - 1].sense if index else None
    after = pieces[index + 1].sense if index + 1 < len(pieces) else None
    return before is not None and before.clock and not (after is not None and after.unit)


def _acts(sense: Sense) -> bool:
    return bool(sense.verbs) or sense.carrier


def _verbs(roles: Roles, lexicon: Lexicon) -> Verbs:
    """The verb's alternatives; empty when there is none or when two contradict."""
    if roles.contradicts:
        return ()
    if roles.verbs:
        first, *others = roles.verbs
        return tuple(verb for verb in first if all(verb in other for other in others))
    if roles.particles:
        return _particle(roles, lexicon)
    return _SET  # "lamp to 50 percent", "make it red": the values must carry it


def _particle(roles: Roles, lexicon: Lexicon) -> Verbs:
    index, piece = roles.particles[-1]
    particle = piece.sense.particle if piece.sense is not None else ()
    if index == roles.last:
        return particle
    if piece.joined in lexicon.particle_last:
        return _SET  # a preposition here: "auf 50 Prozent"
    return particle if len(roles.particles) == 1 else ()


def values_of(roles: Roles) -> Values | None:
    """The values said; None when there are two of a kind."""
    numbers = [sense.number for sense in roles.senses if sense.number is not None]
    levels = [sense.level for sense in roles.senses if sense.level is not None]
    colors = [sense.color for sense in roles.senses if sense.color]
    kelvins = [sense.kelvin for sense in roles.senses if sense.kelvin is not None]
    units = {sense.unit for sense in roles.senses if sense.unit}
    options = {sense.option for sense in roles.senses if sense.option}
    amounts = numbers + levels
    if len(amounts) > 1 or len(colors) + len(kelvins) > 1 or len(units) > 1:
        return None
    if units and not numbers:
        return None
    if options and (len(options) > 1 or amounts or colors or kelvins):
        return None
    number = amounts[0] if amounts else None
    unit = units.pop() if units else "percent"
    if unit == "percent" and number is not None and number > 100:
        if int(number) not in _KELVIN:
            return None
        unit = "kelvin"  # "color temperature 2700"
    kelvin = kelvins[0] if kelvins else None
    if unit == "kelvin" and number is not None:
        kelvin = round(number)
    return Values(
        percent=number if unit == "percent" else None,
        temperature=number if unit == "degrees" else None,
        color=colors[0] if colors else "",
        kelvin=kelvin,
        option=options.pop() if options else "",
        tilt=any(sense.tilt for sense in roles.senses),
    )


def _agreed(verbs: Verbs, values: Values, roles: Roles) -> tuple[Verbs, Values]:
    """Verb and values made one: "turn on at 50 percent" sets. No verbs when they don't fit."""
    if values.none:
        return (() if verbs == _SET else verbs), values
    number = values.temperature if values.percent is None else values.percent
    level = any(sense.level is not None for sense in roles.senses)
    if values.option:
        return (_SET if verbs[0] in _SETTING else ()), values
    steps = tuple(verb for verb in verbs if verb in (Verb.MORE, Verb.LESS))
    if steps and number is not None and any(sense.by for sense in roles.senses):
        return steps, Values(change=number, tilt=values.tilt)
    if level and number == 100 and not steps and _SETTING.isdisjoint(verbs):
        return verbs, Values(tilt=values.tilt)  # "completely closed", "all the way open"
    halves = level and number == 50 and Verb.CLOSE in verbs
    sets = bool(steps) or verbs == _SET or not _VALUED.isdisjoint(verbs) or halves
    return (_SET if sets and is_clear(verbs, number, roles) else ()), values


def is_clear(verbs: Verbs, number: float | None, roles: Roles) -> bool:
    """A bare number is a level only after "set" and the like; elsewhere it may be a time."""
    level = any(sense.level is not None or sense.unit for sense in roles.senses)
    if number is None or level:
        return True
    if roles.clock and Verb.MORE not in verbs and Verb.LESS not in verbs:
        return False
    quality = any(sense.quality for sense in roles.senses)
    said = roles.carried or quality or Verb.MORE in verbs or Verb.LESS in verbs
    return said and Verb.ON not in verbs


def groups_of(described: Sequence[Piece]) -> tuple[tuple[Piece, ...], ...]:
    """The descriptions between the links; a room alone borrows the next group's kind."""
    groups: list[list[Piece]] = [[]]
    for piece in described:
        if piece.sense is not None and piece.sense.link:
            groups.append([])
        else:
            groups[-1].append(piece)
    filled = [group for group in groups if group]
    kinds = [piece for group in filled for piece in group if piece.sense and piece.sense.kind]
    for group in filled:
        if kinds and all(piece.sense is not None and piece.sense.area for piece in group):
            group.append(kinds[0])
    return tuple(tuple(group) for group in filled)
