"""How well passages bear out that they answer a question: figures from 0 to 1, and the sentences
that would answer it. Pure.

A word's rarity is counted in all that may be asked: that a common word is missing means little.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass

from laresd import sentences
from laresd.core.knowledge import questions, words
from laresd.core.knowledge.questions import Question, Wanted
from laresd.documents import Found, Passage

STEM = 4  # letters that two forms of a word have in common, at least
ALIKE = 0.7  # of the longer word's letters, likewise
RUN = 4  # characters in a row, in scripts without spaces
K1, B = 1.2, 0.75  # of BM25, as SQLite has them
STRANGE = 4  # words in a row; in Chinese pairs of characters, so that it is a name of five
LONGEST = 400  # characters of a sentence; more of them are lines
RARE = 10.0  # of a word in one of twenty thousand passages


@dataclass(frozen=True, slots=True)
class Spot:
    """A sentence of a passage: `found` is its number among those that were found, `start` and `end`
    its characters in the passage's text. `covered`: how much of the question's rarity its words
    have; `score`: the better it answers, the higher.
    """

    found: int
    start: int
    end: int
    covered: float
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much of the question (its words, weighed by their rarity) stands where. `passage`: in the
    best passage with its headings; `sentence`: in its best sentence; `run`: in the longest run of
    words that stand together in both, `runs`: in all runs (the root of the sum of their squares),
    `gap`: in the longest run that is missing. `verbatim`: of the question's words in a row, in the
    same order. `strength` and `lack`: of run and gap, as so many times the rarest word of a library
    of thousands. `names`: of its names and figures; `rarest`: whether its rarest word is there;
    `wanted`: whether the best sentence has the kind of thing that is asked for (0.5: any would do).

    `weight`: BM25 of the best passage over the most that it could be; `margin`: how much less that
    of the next document is, `lead`: that of the last one that was looked at. `unknown`: of the
    question's rarity, what no document at all holds; `strange`: the longest run of such words, over
    STRANGE. `similarity`: the cosine of the nearest passage; `agreed`: both legs have the same one
    first.
    """

    passage: float = 0.0
    sentence: float = 0.0
    run: float = 0.0
    runs: float = 0.0
    gap: float = 0.0
    verbatim: float = 0.0
    strength: float = 0.0
    lack: float = 0.0
    names: float = 0.0
    rarest: float = 0.0
    wanted: float = 0.0
    margin: float = 0.0
    weight: float = 0.0
    lead: float = 0.0
    unknown: float = 0.0
    strange: float = 0.0
    similarity: float = 0.0
    agreed: float = 0.0

    @property
    def figures(self) -> tuple[float, ...]:
        """In the order of the fields."""
        return astuple(self)


NOTHING = Evidence()


def rarity(counts: Mapping[str, int], total: int) -> dict[str, float]:
    """How much each word tells passages apart, by how many of `total` hold it."""
    most = max(total, *counts.values(), 1) if counts else 1
    return {
        word: math.log(1.0 + (most - count + 0.5) / (count + 0.5)) for word, count in counts.items()
    }


def stem(word: str) -> str:
    """What the forms of a word have in common, roughly: its beginning."""
    if not word.isascii() and words.is_paired(word):
        return word
    return word if len(word) <= STEM else word[: max(STEM, math.ceil(len(word) * ALIKE))]


def spots(question: Question, found: Sequence[Found], weights: Mapping[str, float]) -> list[Spot]:
    """The sentences of these passages, the likeliest answer first."""
    total = sum(weights.values()) or 1.0
    every: list[Spot] = []
    for number, each in enumerate(found):
        text = each.passage.text
        above = _words_of(" ".join((each.document.title, *each.passage.place.headings)))
        spans = list(pieces(each.passage))
        held = [_words_of(text[start:end]) for start, end in spans]
        for at, (start, end) in enumerate(spans):
            own = _share(weights, held[at], total)
            near = _share(weights, held[at] | (held[at - 1] if at else above), total)
            fit = answers(question, text[start:end])
            score = own + 0.25 * near + 0.15 * fit - 0.03 * number
            every.append(Spot(number, start, end, own, score))
    return sorted(every, key=lambda spot: -spot.score)


def pieces(passage: Passage) -> Iterator[tuple[int, int]]:
    """What of a passage can answer by itself: its sentences, the rows of a table, and the lines of
    what has no sentences.
    """
    for start, end in sentences.spans(passage.text):
        if passage.place.cells or end - start > LONGEST:
            at = start
            for line in passage.text[start:end].splitlines(keepends=True):
                if line.strip():
                    yield at, at + len(line.rstrip())
                at += len(line)
        else:
            yield start, end


def answers(question: Question, sentence: str) -> float:
    """Whether it has the kind of thing that is asked for: 1 or 0, 0.5 where any would do."""
    if question.wanted is Wanted.FIGURE:
        rest = sentence
        for name in question.names:
            rest = rest.replace(name, " ")
        return float(questions.has_figure(rest))
    if question.wanted is Wanted.NAME and not question.paired:
        return float(bool(questions.names_in(sentence) - frozenset(question.words)))
    return 0.5


def measured(
    question: Question,
    found: Sequence[Found],
    best: Sequence[Spot],
    weights: Mapping[str, float],
    unknown: Collection[str] = (),
) -> Evidence:
    """Of what was found (best first) and its sentences (`spots`). `unknown`: the words that no
    document holds.
    """
    if not found or not best or not weights:
        return NOTHING
    total = sum(weights.values()) or 1.0
    held = [_words_of(_whole(each)) for each in found]
    shares = [_share(weights, each, total) for each in held]
    chosen = max(range(len(found)), key=lambda number: (shares[number], -number))
    runs, gaps = _runs(question, held[chosen], weights)
    run, gap = max(runs, default=0.0), max(gaps, default=0.0)
    first = best[0]
    scores = _bm25(found, weights)
    top = max(scores)
    leader = found[scores.index(top)].document.id
    second = max(
        (one for one, each in zip(scores, found, strict=True) if each.document.id != leader),
        default=0.0,
    )
    return Evidence(
        passage=shares[chosen],
        sentence=max(spot.covered for spot in best),
        run=run / total,
        runs=math.hypot(*runs) / total,
        gap=gap / total,
        verbatim=_verbatim(question, _whole(found[chosen])),
        strength=run / RARE,
        lack=gap / RARE,
        names=_there(question.names, held[chosen]),
        rarest=_there([max(weights, key=lambda word: weights[word])], held[chosen]),
        wanted=answers(question, found[first.found].passage.text[first.start : first.end]),
        margin=1.0 - second / top if top else 0.0,
        weight=top / (total * (K1 + 1.0)),
        lead=1.0 - min(scores) / top if top else 0.0,
        unknown=sum(weights[word] for word in weights if word in unknown) / total,
        strange=min(1.0, _longest(question, unknown) / STRANGE),
        similarity=max((each.similarity or 0.0 for each in found), default=0.0),
        agreed=float(_is_top_of_both(found)),
    )


def _bm25(found: Sequence[Found], weights: Mapping[str, float]) -> list[float]:
    """Of each passage, its length compared with the others' that were found."""
    counts = [Counter(map(stem, words.words(_whole(each)))) for each in found]
    lengths = [sum(count.values()) for count in counts]
    usual = sum(lengths) / len(lengths) or 1.0
    stems = {stem(word): weight for word, weight in weights.items()}
    return [
        sum(
            weight * count[key] * (K1 + 1.0) / (count[key] + K1 * (1.0 - B + B * length / usual))
            for key, weight in stems.items()
        )
        for count, length in zip(counts, lengths, strict=True)
    ]


def _is_top_of_both(found: Sequence[Found]) -> bool:
    by_words = max(found, key=lambda each: each.words or 0.0)
    by_vectors = max(found, key=lambda each: each.similarity or -1.0)
    return by_words is by_vectors and by_words.words is not None


def _runs(
    question: Question, held: frozenset[str], weights: Mapping[str, float]
) -> tuple[list[float], list[float]]:
    """Of the question's words that follow each other: what is there together, what is missing."""
    runs: list[float] = []
    gaps: list[float] = []
    for part in question.parts:
        there: bool | None = None
        for word in part:
            is_there = _is_in(word, held)
            into = runs if is_there else gaps
            if is_there is there:
                into[-1] += weights.get(word, 0.0)
            else:
                into.append(weights.get(word, 0.0))
            there = is_there
    return runs, gaps


def _longest(question: Question, unknown: Collection[str]) -> int:
    """How many words that no document holds follow each other."""
    longest = 0
    for part in question.parts:
        run = 0
        for word in part:
            run = run + 1 if word in unknown else 0
            longest = max(longest, run)
    return longest


def _verbatim(question: Question, text: str) -> float:
    """Of the question's words in a row, or its characters where the script has no spaces."""
    if question.paired:
        return _covered_by_runs(question.bare, text)
    asked = list(words.words(question.bare))
    there = " " + " ".join(words.words(text)) + " "
    longest = 0
    for start in range(len(asked)):
        while start + longest < len(asked) and (
            f" {' '.join(asked[start : start + longest + 1])} " in there
        ):
            longest += 1
    return longest / max(len(asked), 1)


def _covered_by_runs(asked: str, text: str) -> float:
    letters = "".join(character for character in asked if character.isalnum())
    there = "".join(character for character in text if character.isalnum())
    covered = [False] * len(letters)
    for start in range(len(letters) - RUN + 1):
        if letters[start : start + RUN] in there:
            covered[start : start + RUN] = [True] * RUN
    return sum(covered) / max(len(letters), 1)


def _there(wanted: Sequence[str], held: frozenset[str]) -> float:
    """The share of these words; 1 where none is wanted."""
    if not wanted:
        return 1.0
    return sum(_is_in(word, held) for word in wanted) / len(wanted)


def _is_in(word: str, held: frozenset[str]) -> bool:
    return word in held or f"{stem(word)}*" in held


def _share(weights: Mapping[str, float], held: frozenset[str], total: float) -> float:
    got = 0.0
    for word, weight in weights.items():
        if word in held:
            got += weight
        elif f"{stem(word)}*" in held:
            got += 0.9 * weight
    return got / total


def _whole(found: Found) -> str:
    return "\n".join((found.document.title, *found.passage.place.headings, found.passage.text))


def _words_of(text: str) -> frozenset[str]:
    """Its words, and their stems with a star."""
    found = frozenset(words.words(text))
    return found | {f"{stem(word)}*" for word in found}
