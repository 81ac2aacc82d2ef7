"""A sentence cut into pieces that mean something: phrases of the language, names, rooms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from laresd.core.intent.senses import Lexicon, Sense
from laresd.core.intent.text import tokens
from laresd.types import Home

Table = Mapping[tuple[str, ...], Sense]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words in a row and what they may mean; no sense: words that nobody knows."""

    words: tuple[str, ...]
    sense: Sense | None = None

    @property
    def joined(self) -> str:
        return "".join(self.words)


def vocabulary(lexicon: Lexicon, home: Home) -> Table:
    """The phrases of the language with the names and rooms of the home."""
    table = dict(lexicon.phrases)

    def learn(text: str, sense: Sense) -> None:
        key = tokens(text)
        if key:
            known = table.get(key)
            table[key] = sense if known is None else known.merged(sense)

    for area in home.areas:
        learn(area, Sense(area=area))
    for entity in home.entities.values():
        if entity.area is not None:
            learn(entity.area, Sense(area=entity.area))
        for name in (entity.name, *entity.aliases):
            learn(name, Sense(names=(entity.entity_id,)))
    return table


def cut(text: str, lexicon: Lexicon, home: Home) -> list[Piece]:
    """The pieces of a text, the longest known phrase first."""
    return _cut(text, vocabulary(lexicon, home), lexicon, home)


def cut_with_options(text: str, lexicon: Lexicon, home: Home) -> list[Piece]:
    """The same, where words that some device has as a mode or choice ("eco", "cool") mean that and
    nothing else.
    """
    table = dict(vocabulary(lexicon, home))
    offered = {o.casefold(): o for e in home.entities.values() for o in e.options}
    spoken = {**offered, **{say: offered[o] for say, o in lexicon.options.items() if o in offered}}
    for say, option in spoken.items():
        key = tokens(say)
        if key and not all(word.isdecimal() for word in key) and not _is_taken(table.get(key)):
            table[key] = Sense(option=option)
    for word in lexicon.modes:
        table[tokens(word)] = Sense(filler=True)
    return _cut(text, table, lexicon, home)


def _is_taken(sense: Sense | None) -> bool:
    """By a name, or by what no mode may take away: on, off, not, and."""
    if sense is None:
        return False
    always = sense.stop or sense.link or sense.particle or sense.filler
    return bool(sense.names or sense.area or always)


def _cut(text: str, table: Table, lexicon: Lexicon, home: Home) -> list[Piece]:
    longest = max(map(len, table))
    words = tokens(text)
    pieces: list[Piece] = []
    at = 0
    while at < len(words):
        piece = _known(words[at : at + longest], table)
        if piece is not None:
            pieces.append(piece)
        else:
            piece = Piece(words[at : at + 1])
            pieces += _compound(words[at], table, lexicon, home) or [piece]
        at += len(piece.words)
    return list(_joined(pieces))


def _known(words: tuple[str, ...], table: Table) -> Piece | None:
    for length in range(len(words), 0, -1):
        sense = table.get(words[:length])
        if sense is not None:
            return Piece(words[:length], sense)
    number = _number(words[0])
    return None if number is None else Piece(words[:1], Sense(number=number))


def _number(word: str) -> float | None:
    try:
        return float(word.replace(",", ".")) if word[0].isdigit() else None
    except ValueError:  # digits of other scripts
        return None


def _compound(word: str, table: Table, lexicon: Lexicon, home: Home) -> list[Piece]:
    """ "Küchenlicht" as kitchen and light; empty when it is no such word."""
    if not lexicon.links:
        return []
    for area in home.areas:
        stem = "".join(tokens(area))
        for base in (stem, stem.removesuffix("e")):
            if len(base) < 3 or not word.startswith(base):
                continue
            for link in ("", *lexicon.links):
                rest = word.removeprefix(base + link) if word.startswith(base + link) else ""
                sense = table.get((rest,))
                if sense is not None and sense.kind is not None:
                    kind = Sense(kind=sense.kind)
                    return [Piece((stem,), Sense(area=area)), Piece((rest,), kind)]
    return []


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Unknown Chinese characters in a row are one unknown word."""
    run: tuple[str, ...] = ()
    for piece in pieces:
        if piece.sense is None and not piece.joined.isascii() and len(piece.joined) == 1:
            run += piece.words
            continue
        if run:
            yield Piece(run)
            run = ()
        yield piece
    if run:
        yield Piece(run)
