"""The store of computed heads: what comes out is what went in, or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.engines.llm.store import (
    SUFFIX,
    Head,
    PrefixStore,
    file_digest,
    kept_digest,
    shared_length,
)

ROOM = 1_000_000
HEAD = Head((5, 6, 7), b"state of five six seven")
PROMPT = [5, 6, 7, 8, 9]


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{SUFFIX}"))


def size_of(head: Head, folder: Path) -> int:
    PrefixStore(folder, "k", ROOM).write(head)
    return files(folder)[0].stat().st_size


def test_a_head_outlives_the_store_that_wrote_it(tmp_path: Path) -> None:
    assert PrefixStore(tmp_path / "new", "k", ROOM).write(HEAD)
    again = PrefixStore(tmp_path / "new", "k", ROOM)
    assert again.longest(PROMPT) == 3
    assert again.read(PROMPT) == HEAD


def test_the_longest_head_that_the_prompt_begins_with_is_read(tmp_path: Path) -> None:
    store = PrefixStore(tmp_path, "k", ROOM)
    for tokens in ((5,), (5, 6, 7), (5, 6, 7, 8, 8), (9, 9, 9, 9)):
        store.write(Head(tokens, bytes(tokens)))
    assert store.read(PROMPT) == Head((5, 6, 7), bytes((5, 6, 7)))
    assert store.read([1, 2, 3]) is None
    assert store.longest([]) == 0


@pytest.mark.parametrize("key", ["other model", "", "k "])
def test_heads_of_another_key_are_not_seen_and_not_deleted(tmp_path: Path, key: str) -> None:
    PrefixStore(tmp_path, "k", ROOM).write(HEAD)
    assert PrefixStore(tmp_path, key, ROOM).read(PROMPT) is None
    assert PrefixStore(tmp_path, "k", ROOM).read(PROMPT) == HEAD


@given(data=st.data())
def test_a_damaged_file_gives_nothing(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("heads")
    PrefixStore(folder, "k", ROOM).write(HEAD)
    (path,) = files(folder)
    whole = path.read_bytes()
    if data.draw(st.booleans(), label="truncate"):
        damaged = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
        damaged = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
    path.write_bytes(damaged)
    assert PrefixStore(folder, "k", ROOM).read(PROMPT) is None


@given(content=st.binary(max_size=300))
def test_a_foreign_file_is_no_head(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("heads")
    (folder / f"foreign{SUFFIX}").write_bytes(content)
    store = PrefixStore(folder, "k", ROOM)
    assert store.read(PROMPT) is None
    assert store.write(HEAD)
    assert store.read(PROMPT) == HEAD


def test_damage_that_comes_while_the_store_is_open_costs_only_that_head(tmp_path: Path) -> None:
    store = PrefixStore(tmp_path, "k", ROOM)
    store.write(Head((5,), b"short"))
    (short,) = files(tmp_path)
    store.write(HEAD)
    (long,) = set(files(tmp_path)) - {short}
    long.write_bytes(long.read_bytes()[:-1] + b"?")
    assert store.read(PROMPT) == Head((5,), b"short")
    short.unlink()
    assert store.read(PROMPT) is None
    assert store.longest(PROMPT) == 0


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    one, two, three = (Head((number,), bytes(100)) for number in (1, 2, 3))
    size = size_of(one, tmp_path / "probe")
    store = PrefixStore(tmp_path, "k", 2 * size + 1)
    for order, head in enumerate((one, two)):
        store.write(head)
        newest = max(files(tmp_path), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (1000 + order, 1000 + order))
    assert store.read([1]) == one  # used now, so that two is the oldest
    store.write(three)
    assert [store.read([n]) for n in (1, 2, 3)] == [one, None, three]
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 2 * size + 1


def test_a_head_larger_than_the_store_is_not_kept_and_costs_no_other(tmp_path: Path) -> None:
    store = PrefixStore(tmp_path, "k", 2000)
    store.write(HEAD)
    assert not store.write(Head((1,), bytes(3000)))
    assert store.read(PROMPT) == HEAD


def test_what_a_killed_process_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "abc.77.part"
    left.write_bytes(b"half")
    store = PrefixStore(tmp_path, "k", ROOM)
    assert store.read(PROMPT) is None
    store.write(HEAD)
    assert not left.exists()


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = PrefixStore(tmp_path / "file" / "heads", "k", ROOM)
    assert not store.write(HEAD)
    assert store.read(PROMPT) is None


def test_a_models_checksum_is_computed_again_when_the_file_changes(tmp_path: Path) -> None:
    model, folder = tmp_path / "m.gguf", tmp_path / "heads"
    model.write_bytes(b"one")
    first = kept_digest(model, folder)
    assert first == file_digest(model) == kept_digest(model, folder)
    model.write_bytes(b"another")
    assert kept_digest(model, folder) == file_digest(model) != first
    for note in folder.glob("*.sha256"):
        note.write_text("rubbish")
    assert kept_digest(model, folder) == file_digest(model)


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_the_shared_length_is_the_longest_common_beginning(one: list[int], two: list[int]) -> None:
    length = shared_length(one, two)
    assert one[:length] == two[:length]
    assert one[length : length + 1] != two[length : length + 1] or len(one) == len(two) == length
