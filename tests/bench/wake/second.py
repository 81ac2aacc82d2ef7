"""What a verifier is worth that was tuned to the voices of one half, for those of the other.

A home is imitated: the voices of the synthesizers are its people and its television. Those with an
even number are labelled by its owner, the others judge. Wakes are clips of the word that woke it;
false wakes are clips of words that sound alike and woke it, too, or nearly did.
The verifier's ridge and margin were chosen with these clips, so a real home may do worse.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from laresd.engines.listen.tuning import LEAST, Examples, tune
from laresd.engines.listen.verifier import SIZE, Vector
from laresd.engines.listen.words import NEAR, Peak, WakeWords, Word, word
from laresd.types import SAMPLE_RATE
from tests.bench.results import Row
from tests.bench.wake import corpus

COMMAND = "make bench-wake"
AROUND = bytes(2 * SAMPLE_RATE)
NOTHING = np.zeros((0, SIZE))


def second() -> list[Row]:
    words = [word(name) for name in corpus.PHRASES]
    detectors = WakeWords({one: one.threshold for one in words})
    said = [(clip.word, _peaks(detectors, clip.pcm)) for clip in corpus.spoken_words()]
    people = [(clip.word, _peaks(detectors, clip.pcm)) for clip in corpus.recorded_words()]
    alike = [_peaks(detectors, pcm) for _, pcm in corpus.alike()]
    return [row for index, one in enumerate(words) for row in _row(index, one, said, people, alike)]


def _row(
    index: int,
    one: Word,
    said: list[tuple[str, list[Peak]]],
    people: list[tuple[str, list[Peak]]],
    alike: list[list[Peak]],
) -> list[Row]:
    name = f"voice/wake_second_{one.name}"
    wakes = _woken(one, (peaks[index] for word, peaks in said if word == one.name))
    near = [peaks[index] for peaks in alike if peaks[index].score > one.threshold * NEAR]
    known, unknown = wakes[::2], wakes[1::2]
    labelled, other = near[::2], near[1::2]
    if min(len(known), len(labelled)) < LEAST:
        note = f"{len(wakes)} wakes, {len(near)} false or nearly: too few to tune"
        return [Row(name, "not tuned", "", COMMAND, note=note)]
    verifier, report = tune(
        one.name, one.digest(), Examples(_rows(known), _rows(labelled), NOTHING, NOTHING)
    )
    false = _woken(one, other)
    strangers = _woken(one, (peaks[index] for word, peaks in people if word == one.name))
    lost = sum(not verifier.accepts(peak.described) for peak in unknown)
    lost_people = sum(not verifier.accepts(peak.described) for peak in strangers)
    rejected = sum(not verifier.accepts(peak.described) for peak in false)
    verdict = "used" if report.worth_it else "not used by lares wake tune"
    note = (
        f"lost of {len(unknown)} wakes by unknown voices {lost}, of {len(strangers)} recorded "
        f"people, none of whom it was tuned to, {lost_people}; its own cross validation: "
        f"{report.lost} of {report.wanted} lost, {report.rejected} of {report.unwanted} rejected: "
        f"{verdict}; ridge and margin were chosen with these clips"
    )
    value = f"{rejected} of {len(false)} false accepts rejected"
    return [Row(name, value, "", COMMAND, note=note)]


def _woken(one: Word, peaks: Iterable[Peak]) -> list[Peak]:
    return [peak for peak in peaks if peak.score > one.threshold]


def _peaks(detectors: WakeWords, pcm: bytes) -> list[Peak]:
    return detectors.peaks(AROUND + pcm + AROUND)


def _rows(peaks: Iterable[Peak]) -> Vector:
    return np.array([*itertools.chain(peak.described for peak in peaks)]).reshape(-1, SIZE)
