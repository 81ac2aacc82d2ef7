"""The file of what waits for the broker: in order, bounded, and there after a crash."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from laresd.backends.broker import outbox as module
from laresd.backends.broker.messages import Outgoing
from laresd.backends.broker.outbox import MAX_BYTES, Kept, Outbox
from laresd.errors import Temporary

SET = Kept(
    Outgoing("lamp/set", b"\x00ON", 1, True, None, "mine/answer", b"\xff\x01"),
    keep_until=1_790_000_100.5,
    kept_at=1_790_000_000.25,
    repeatable=False,
)


def numbered(number: int) -> Kept:
    return Kept(Outgoing("count", str(number).encode()), keep_until=2e9, kept_at=1e9)


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    async with Outbox(tmp_path / "state" / "outbox.db") as opened:
        yield opened


async def test_what_is_kept_is_there_as_it_was_after_a_restart(tmp_path: Path) -> None:
    async with Outbox(tmp_path / "outbox.db") as first:
        kept = await first.add(SET)
    async with Outbox(tmp_path / "outbox.db") as second:
        assert list(await second.load()) == [kept]


async def test_the_order_is_that_of_the_calls(outbox: Outbox) -> None:
    for number in range(20):
        await outbox.add(numbered(number))
    found = [int(kept.message.payload) for kept in await outbox.load()]
    assert found == list(range(20))


async def test_what_was_begun_is_marked_so_until_it_is_settled(outbox: Outbox) -> None:
    first, second, third = [await outbox.add(numbered(number)) for number in range(3)]
    await outbox.begin([first.id, second.id])
    assert [kept.begun for kept in await outbox.load()] == [True, True, False]
    await outbox.settle(gone=[first.id], waiting=[second.id])
    assert list(await outbox.load()) == [second, third]


async def test_it_is_bounded_by_count(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_MESSAGES", 3)
    for number in range(3):
        await outbox.add(numbered(number))
    with pytest.raises(Temporary, match="3 messages wait") as caught:
        await outbox.add(numbered(3))
    assert "bring the broker back" in caught.value.remedy
    assert len(await outbox.load()) == 3


async def test_it_is_bounded_by_bytes(outbox: Outbox) -> None:
    half = Kept(Outgoing("large", b"x" * (MAX_BYTES // 2)), keep_until=2e9, kept_at=1e9)
    await outbox.add(half)
    with pytest.raises(Temporary):
        await outbox.add(half)
    await outbox.add(SET)


async def test_a_request_is_first_once_also_after_a_restart(tmp_path: Path) -> None:
    async with Outbox(tmp_path / "outbox.db") as before:
        assert await before.first("a7")
        assert not await before.first("a7")
        assert await before.first("b8")
        await before.forget("b8")
    async with Outbox(tmp_path / "outbox.db") as after:
        assert not await after.first("a7")
        assert await after.first("b8")


async def test_the_oldest_ids_are_forgotten(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SEEN", 2)
    for one in ("a", "b", "c"):
        assert await outbox.first(one)
    assert not await outbox.first("b")
    assert await outbox.first("a")


async def test_the_last_connection_is_remembered(outbox: Outbox) -> None:
    assert await outbox.last_connection() is None
    await outbox.note_connection(1.5)
    await outbox.note_connection(2.5)
    assert await outbox.last_connection() == 2.5


async def test_a_damaged_file_is_moved_aside_and_a_fresh_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    path.write_bytes(b"no database" * 500)
    async with Outbox(path) as outbox:
        assert await outbox.first("a")
    assert list(tmp_path.glob("outbox.db.damaged-*"))
