"""The routines that there are, as others are offered them."""

from __future__ import annotations

from laresd.config import RoutineSettings
from laresd.core.routine_book import RoutineBook
from laresd.types import RoutineRecord
from tests.fakes.routine_store import FakeRoutineStore

SETTINGS = {
    "Bedtime": RoutineSettings(phrases=("good night", "sleep well")),
    "Cinema": RoutineSettings(areas=("Living Room",)),
}


async def test_those_of_the_configuration_and_those_that_were_made_are_offered() -> None:
    async with RoutineBook(SETTINGS, FakeRoutineStore()) as book:
        assert book.spoken == {"Bedtime": "good night"}
        await book.keep(RoutineRecord("off we go", ("turn everything off",), "en"))
        assert book.spoken == {"Bedtime": "good night", "off we go": "off we go"}
        await book.forget("off we go")
        assert book.spoken == {"Bedtime": "good night"}


async def test_one_that_may_be_called_in_some_rooms_only_is_not_offered_to_all() -> None:
    async with RoutineBook(SETTINGS) as book:
        assert "Cinema" not in book.spoken


async def test_one_of_the_configuration_wins_over_one_that_was_made() -> None:
    made = RoutineRecord("Bedtime", ("turn everything on",), "en")
    store = FakeRoutineStore()
    await store.save(made)
    async with RoutineBook(SETTINGS, store) as book:
        assert book.spoken["Bedtime"] == "good night"
