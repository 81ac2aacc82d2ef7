"""Who is let into the KV cache: by class, without running out of room, and nobody in vain."""

from __future__ import annotations

from laresd.engines.llm.admission import FOR_VOICE, Admission
from laresd.engines.llm.context import Settings
from laresd.engines.llm.prefixes import Prefixes
from laresd.engines.llm.sequence import Answering, Wanted
from tests.fakes.llm_context import FakeContext, FakeModel
from tests.fakes.llm_watcher import FakeWatcher

VOICE, INTERACTIVE, AUTOMATION, BACKGROUND = range(4)
PLACES = 3


class Door:
    """Requests before a cache of 200 cells, all of which are there; time stands still."""

    def __init__(self) -> None:
        self.model = FakeModel()
        context = FakeContext(Settings(200, 10, 64, 1, 1), self.model)
        self.admission = Admission(Prefixes(context, None), PLACES)
        self._number = 0

    def ask(self, rank: int, *, prompt: int = 10, most: int = 10, since: float = 0.0) -> Answering:
        self._number += 1
        wanted = Wanted((self._number,) * prompt, rank, max_tokens=most)
        asked = Answering(wanted, FakeWatcher(), self.model, number=self._number, now=since)
        self.admission.waiting.append(asked)
        return asked

    def let_in(self, now: float = 0.0) -> list[Answering]:
        """Those with a place then."""
        self.admission.let_in(now)
        return self.admission.live


def test_higher_classes_come_in_first_and_within_one_the_first_that_asked() -> None:
    door = Door()
    background = door.ask(BACKGROUND)
    interactive = [door.ask(INTERACTIVE) for _ in range(2)]
    voice = door.ask(VOICE)
    assert door.let_in() == [voice, *interactive]
    assert door.admission.waiting == [background]


def test_some_places_are_for_voice_alone() -> None:
    door = Door()
    first = [door.ask(INTERACTIVE) for _ in range(PLACES + 2)]
    assert door.let_in() == first[:PLACES]
    voice = [door.ask(VOICE) for _ in range(FOR_VOICE)]
    assert door.let_in() == [*first[:PLACES], *voice]


def test_all_that_an_answer_may_need_is_free_before_it_is_let_in() -> None:
    door = Door()
    first = door.ask(INTERACTIVE, prompt=50, most=80)
    second = door.ask(INTERACTIVE, prompt=50, most=30)
    assert door.let_in() == [first]
    third = door.ask(VOICE, prompt=50, most=20)
    assert door.let_in() == [first, third]
    assert door.admission.waiting == [second]


def test_the_lowest_and_the_latest_gives_up_its_place_for_a_higher_class() -> None:
    door = Door()
    automation = door.ask(AUTOMATION)
    background = [door.ask(BACKGROUND) for _ in range(2)]
    door.let_in()
    interactive = door.ask(INTERACTIVE)
    assert door.let_in() == [automation, background[0], interactive]
    assert door.admission.waiting == [background[1]] and background[1].place == -1


def test_nobody_gives_up_a_place_where_that_would_not_be_enough() -> None:
    door = Door()
    large = door.ask(INTERACTIVE, prompt=100, most=20)
    background = door.ask(BACKGROUND)
    door.let_in()
    door.ask(INTERACTIVE, prompt=100, most=10)
    assert door.let_in() == [large, background]


def test_a_place_is_given_up_twice_only_for_voice() -> None:
    door = Door()
    background = door.ask(BACKGROUND, prompt=60, most=100)
    door.let_in()
    interactive = door.ask(INTERACTIVE, prompt=100, most=20)
    assert door.let_in() == [interactive]
    door.admission.live.clear()
    assert door.let_in() == [background]
    again = door.ask(INTERACTIVE, prompt=100, most=20)
    assert door.let_in() == [background]
    voice = door.ask(VOICE, prompt=100, most=20)
    assert door.let_in() == [voice]
    assert door.admission.waiting == [again, background]


def test_who_has_waited_long_comes_before_a_higher_class_that_came_later() -> None:
    door = Door()
    for _ in range(PLACES):
        door.ask(INTERACTIVE)
    door.let_in()
    old = door.ask(BACKGROUND, since=0.0)
    new = door.ask(INTERACTIVE, since=61.0)
    door.admission.live.pop()
    door.let_in(61.0)
    assert old in door.admission.live and new not in door.admission.live
