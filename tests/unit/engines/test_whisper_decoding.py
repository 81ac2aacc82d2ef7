"""A doubtful text is looked at again in the time there is; a name is written if it was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from laresd.engines.whisper.decoding import SECOND_LOOKS, decode, has_name, is_doubtful
from laresd.engines.whisper.model import Heard, Hypothesis, Pass

HEARD = Heard(encoded=None, seconds=2.0, language="en")
LOOP = "the light in the room the light in the room the light in the room the light in the room"


def text(said: str, logprob: float = -0.2, silence: float = 0.05) -> Hypothesis:
    tokens = tuple(said.encode())
    return Hypothesis(said, tokens, logprob, silence)


@dataclass
class Scripted:
    """Writes what stands for the pass; each beam takes a second of its own clock."""

    plain: dict[Pass, Hypothesis]
    told: Hypothesis | None = None  # with names
    likely: dict[str, float] = field(default_factory=dict)
    has_head: bool = False
    clock: float = 0.0
    asked: list[Pass] = field(default_factory=list)

    @property
    def takes_names(self) -> bool:
        return self.told is not None

    def write(self, heard: Heard, way: Pass, names: Sequence[str] = ()) -> Hypothesis:
        self.asked.append(way)
        self.clock += way.beams
        return self.told if names and self.told else self.plain[way]

    def likelihood(self, heard: Heard, tokens: Sequence[int]) -> float:
        return self.likely[bytes(tokens).decode()]

    def now(self) -> float:
        return self.clock


FIRST = Pass()


def decoded(model: Scripted, patience_s: float = 100.0, names: Sequence[str] = ()) -> str:
    return decode(model, HEARD, names=names, patience_s=patience_s, now=model.now).text


def test_a_clear_text_is_taken_at_once() -> None:
    model = Scripted({FIRST: text("turn on the light")})
    assert decoded(model) == "turn on the light"
    assert model.asked == [FIRST]


@pytest.mark.parametrize("doubtful", [text("turnip light", -1.4), text(LOOP, -0.1)])
def test_a_doubtful_text_is_looked_at_with_more_beams(doubtful: Hypothesis) -> None:
    model = Scripted({FIRST: doubtful, SECOND_LOOKS[0]: text("turn off the light")})
    assert decoded(model) == "turn off the light"
    assert model.asked == [FIRST, SECOND_LOOKS[0]]


def test_of_texts_that_all_are_doubtful_the_likeliest_is_taken() -> None:
    looks = dict(zip(SECOND_LOOKS, (text("b", -1.2), text("c", -1.3)), strict=True))
    assert decoded(Scripted({FIRST: text("a", -1.5), **looks})) == "b"
    assert decoded(Scripted({FIRST: text(LOOP, -0.1), **looks})) == "b"


def test_there_is_no_second_look_where_nobody_speaks() -> None:
    assert not is_doubtful(text("", -3.0))
    assert not is_doubtful(text("thank you", -1.4, silence=0.9))


@pytest.mark.parametrize(("patience", "looks"), [(0.0, 0), (5.0, 0), (6.0, 1), (10.9, 1), (11, 2)])
def test_second_looks_take_no_longer_than_they_may(patience: float, looks: int) -> None:
    doubtful = text("a", -1.5)
    model = Scripted(dict.fromkeys((FIRST, *SECOND_LOOKS), doubtful))
    decoded(model, patience)
    assert len(model.asked) == 1 + looks
    assert patience == 0 or model.clock <= max(patience, 1.0)


def test_a_model_with_a_second_opinion_of_its_own_needs_no_second_look() -> None:
    model = Scripted({FIRST: text("a", -1.5)}, has_head=True)
    assert decoded(model) == "a"


class TestNames:
    NAMES = ("Zoe's lamp", "Kitchen")

    def model(self, told: str, plain: str, lost: float) -> Scripted:
        likely = {plain: -2.0, told: -2.0 - lost}
        return Scripted({FIRST: text(plain)}, text(told), likely)

    def test_a_name_is_taken_that_sounds_almost_as_well(self) -> None:
        model = self.model("turn on Zoe's lamp", "turn on Zoes lamp", 2.5)
        assert decoded(model, names=self.NAMES) == "turn on Zoe's lamp"

    def test_a_name_that_was_not_said_is_not_taken(self) -> None:
        model = self.model("turn on Zoe's lamp", "turn on the radio", 12.0)
        assert decoded(model, names=self.NAMES) == "turn on the radio"

    def test_names_that_are_made_up_where_nothing_was_heard_are_not_taken(self) -> None:
        model = self.model("Zoe's lamp, Kitchen.", "", 1.0)
        assert decoded(model, names=self.NAMES) == ""

    def test_a_text_without_a_name_needs_no_proof(self) -> None:
        model = self.model("Turn it on.", "turn it on", 0.0)
        assert decoded(model, names=self.NAMES) == "Turn it on."
        assert model.asked == [FIRST]

    def test_a_name_that_is_heard_without_knowing_it_is_right(self) -> None:
        model = self.model("turn on Zoe's lamp", "turn on Zoe's lamp", 99.0)
        assert decoded(model, names=self.NAMES) == "turn on Zoe's lamp"

    def test_a_model_that_takes_no_names_is_given_none(self) -> None:
        model = Scripted({FIRST: text("turn on the light")})
        assert decoded(model, names=self.NAMES) == "turn on the light"

    def test_names_are_found_whatever_their_case(self) -> None:
        assert has_name("turn on the KITCHEN light", self.NAMES)
        assert not has_name("turn on the light", self.NAMES)
