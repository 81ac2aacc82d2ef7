"""A small file is there whole, or as it was before."""

from __future__ import annotations

import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from laresd.backends.whole_file import write_whole


def test_it_is_its_owners_alone_and_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "switches.json"
    path.write_text("older and longer")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["switches.json"]


def test_what_a_power_failure_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "pin.part").write_text("half")
    write_whole(tmp_path / "pin", b"whole")
    assert (tmp_path / "pin").read_bytes() == b"whole"


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "none" / "pin", b"x")


WRITER = """
import itertools, sys
from pathlib import Path
from laresd.backends.whole_file import write_whole
path = Path(sys.argv[1])
for number in itertools.count(int(sys.argv[2])):
    write_whole(path, b"%d " % number * 20_000)
    print(number, flush=True)
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_the_old_content_or_the_new(tmp_path: Path) -> None:
    """What was told to be written is there, or what came after it."""
    path, chance, written = tmp_path / "state.json", random.Random(5), 0
    for _ in range(30):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, path, str(written)], stdout=subprocess.PIPE
        )
        assert writer.stdout is not None
        with writer.stdout:
            writer.stdout.readline()
            time.sleep(chance.uniform(0, 0.03))
            writer.send_signal(signal.SIGKILL)
            told = writer.stdout.read().split()
            writer.wait()
        content = path.read_bytes().split()
        assert len(content) == 20_000
        assert set(content) == {content[0]}
        now = int(content[0])
        assert now >= int(told[-1] if told else written)
        assert now <= int(told[-1] if told else written) + 1
        written = now + 1
