"""Old files move to a cold place, are found as before, and are there at every moment."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.backends.cold import PART, SUFFIX, Shelf
from laresd.errors import Permanent

NOW, DAY = 2_000_000_000.0, 86_400.0


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "hot", tmp_path / "cold")


def put(shelf: Shelf, name: str, content: bytes, days: float) -> None:
    shelf.put(name, content)
    os.utime(shelf.hot / name, (NOW - days * DAY,) * 2)


def hot(shelf: Shelf) -> list[str]:
    return sorted(path.name for path in shelf.hot.iterdir())


def cold(shelf: Shelf) -> list[str]:
    return sorted(path.name for path in shelf.cold.glob("*"))


def test_what_is_old_moves_and_is_read_as_before(shelf: Shelf) -> None:
    put(shelf, "old", b"tell me " * 1000, days=31)
    put(shelf, "new", b"later", days=29)
    swept = shelf.sweep(NOW, cold_after_s=30 * DAY, most_bytes=0)
    assert (swept.moved, swept.removed, swept.files) == (1, 0, 2)
    assert (hot(shelf), cold(shelf)) == (["new"], ["old" + SUFFIX])
    assert shelf.read("old") == b"tell me " * 1000
    assert shelf.names() == {"old", "new"}
    assert (shelf.cold / ("old" + SUFFIX)).stat().st_size < 500
    assert (shelf.cold / ("old" + SUFFIX)).stat().st_mode & 0o777 == 0o600


def test_the_age_of_a_file_does_not_change_with_its_place(shelf: Shelf) -> None:
    put(shelf, "old", b"1" * 100, days=40)
    put(shelf, "older", b"2" * 100, days=50)
    shelf.sweep(NOW, cold_after_s=45 * DAY, most_bytes=0)
    shelf.sweep(NOW, cold_after_s=0, most_bytes=110)
    assert shelf.names() == {"old"}


def test_the_oldest_go_first_but_for_those_that_are_spared(shelf: Shelf) -> None:
    for days in range(1, 6):
        put(shelf, f"day-{days}", bytes(100), days)
    swept = shelf.sweep(NOW, cold_after_s=0, most_bytes=250, spare=lambda name: name == "day-5")
    assert shelf.names() == {"day-5", "day-1"}
    assert (swept.removed, swept.size) == (3, 200)


def test_without_a_limit_nothing_is_removed(shelf: Shelf) -> None:
    put(shelf, "a", bytes(1000), days=1000)
    shelf.sweep(NOW, cold_after_s=0, most_bytes=0)
    assert hot(shelf) == ["a"]


def test_a_sweep_ends_after_a_whole_file_when_it_is_asked_to(shelf: Shelf) -> None:
    for number in range(4):
        put(shelf, f"{number}", b"x", days=40)
    swept = shelf.sweep(NOW, cold_after_s=DAY, most_bytes=0, go_on=iter([True, False] * 9).__next__)
    assert swept.moved == 2
    assert {name: shelf.read(name) for name in shelf.names()} == dict.fromkeys("0123", b"x")


@pytest.mark.parametrize("days", [1, 40])
def test_renaming_and_removing_work_in_both_places(shelf: Shelf, days: float) -> None:
    put(shelf, "a", b"content", days)
    put(shelf, "b", b"other", days)
    shelf.sweep(NOW, cold_after_s=30 * DAY, most_bytes=0)
    shelf.rename("a", "c")
    shelf.remove("b")
    assert shelf.names() == {"c"}
    assert shelf.read("c") == b"content"


def test_what_is_not_there_is_told(shelf: Shelf) -> None:
    with pytest.raises(FileNotFoundError):
        shelf.read("none")
    with pytest.raises(FileNotFoundError):
        shelf.rename("none", "other")
    assert shelf.names() == set()
    shelf.remove("none")


def test_a_file_in_both_places_counts_as_it_is_hot(shelf: Shelf) -> None:
    put(shelf, "a", b"first", days=40)
    shelf.sweep(NOW, cold_after_s=DAY, most_bytes=0)
    put(shelf, "a", b"second", days=0)
    assert shelf.read("a") == b"second"
    put(shelf, "a", b"second", days=40)
    shelf.sweep(NOW, cold_after_s=DAY, most_bytes=0)
    assert (hot(shelf), shelf.read("a")) == ([], b"second")


def test_a_cut_off_move_leaves_nothing_behind(shelf: Shelf) -> None:
    put(shelf, "a", b"whole", days=40)
    shelf.cold.mkdir()
    (shelf.cold / f"a{SUFFIX}{PART}").write_bytes(b"half")
    assert shelf.names() == {"a"}
    shelf.sweep(NOW, cold_after_s=DAY, most_bytes=0)
    assert (cold(shelf), shelf.read("a")) == (["a" + SUFFIX], b"whole")


def test_a_file_that_is_removed_while_it_moves_stays_removed(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(shelf, "a", b"content", days=40)
    replace = Path.replace

    def removed_meanwhile(path: Path, target: Path) -> Path:
        done = replace(path, target)
        if target.name == "a" + SUFFIX:
            shelf.rename("a", "b")
        return done

    monkeypatch.setattr(Path, "replace", removed_meanwhile)
    swept = shelf.sweep(NOW, cold_after_s=DAY, most_bytes=0)
    assert (shelf.names(), swept.moved) == ({"b"}, 0)
    assert shelf.read("b") == b"content"


def test_damage_is_told_and_not_read(shelf: Shelf) -> None:
    put(shelf, "a", bytes(range(256)) * 40, days=40)
    shelf.sweep(NOW, cold_after_s=DAY, most_bytes=0)
    path = shelf.cold / ("a" + SUFFIX)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(Permanent, match="is damaged"):
        shelf.read("a")


@given(st.binary(max_size=5000))
def test_any_content_comes_back(content: bytes) -> None:
    with temporary() as folder:
        shelf = Shelf(folder / "hot", folder / "cold")
        put(shelf, "a", content, days=2)
        shelf.sweep(NOW, cold_after_s=DAY, most_bytes=0)
        assert (hot(shelf), shelf.read("a")) == ([], content)


@contextlib.contextmanager
def temporary() -> Iterator[Path]:
    import tempfile  # noqa: PLC0415  # only here: pytest's folder is one for all examples

    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


MOVER = """
import sys
from pathlib import Path
from laresd.backends.cold import Shelf
shelf = Shelf(Path(sys.argv[1]), Path(sys.argv[2]))
print("go", flush=True)
shelf.sweep(2e9, cold_after_s=1, most_bytes=0)
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_loses_and_doubles_nothing(shelf: Shelf) -> None:
    """Killed at random moments until all has moved; each file is whole after every kill."""
    chance = random.Random(7)
    contents = {f"{n:02}": chance.randbytes(200_000) for n in range(60)}
    for name, content in contents.items():
        put(shelf, name, content, days=40)
    for _ in range(40):
        mover = subprocess.Popen(
            [sys.executable, "-c", MOVER, shelf.hot, shelf.cold], stdout=subprocess.PIPE
        )
        assert mover.stdout is not None
        with mover.stdout:
            mover.stdout.readline()
            time.sleep(chance.uniform(0, 0.08))
            mover.send_signal(signal.SIGKILL)
            mover.wait()
        assert {name: shelf.read(name) for name in shelf.names()} == contents
    shelf.sweep(NOW, cold_after_s=1, most_bytes=0)
    assert hot(shelf) == []
    assert cold(shelf) == [name + SUFFIX for name in contents]
    assert {name: shelf.read(name) for name in shelf.names()} == contents
