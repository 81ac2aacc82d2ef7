"""What is free on a machine, and what its CPU can do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from laresd.engines.llm.machine import cpu, features, machine_memory, resident_memory

MEMINFO = "MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    4000000 kB\n"
AVAILABLE = 4_000_000 << 10


def machine(folder: Path, membership: str) -> tuple[Path, Path]:
    proc, cgroups = folder / "proc", folder / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(MEMINFO)
    (proc / "self/cgroup").write_text(membership)
    return proc, cgroups


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


def test_without_a_limit_what_the_kernel_calls_available_is_free(tmp_path: Path) -> None:
    proc, cgroups = machine(tmp_path, "0::/system.slice/laresd.service\n")
    write(cgroups / "system.slice/laresd.service", memory__max="max", memory__current="5000")
    assert machine_memory(proc, cgroups) == AVAILABLE


def test_the_tightest_group_above_the_process_counts(tmp_path: Path) -> None:
    proc, cgroups = machine(tmp_path, "0::/system.slice/laresd.service\n")
    inner, outer = cgroups / "system.slice/laresd.service", cgroups / "system.slice"
    write(inner, memory__max="2000000000", memory__current="500000000")
    write(outer, memory__max="max", memory__high="1500000000", memory__current="600000000")
    assert machine_memory(proc, cgroups) == 900_000_000


def test_cached_files_give_way(tmp_path: Path) -> None:
    proc, cgroups = machine(tmp_path, "0::/\n")
    write(cgroups, memory__max="2000000000", memory__current="1900000000")
    write(cgroups, memory__stat="anon 5\ninactive_file 400000000\nactive_file 7")
    assert machine_memory(proc, cgroups) == 500_000_000


def test_groups_of_version_1(tmp_path: Path) -> None:
    proc, cgroups = machine(tmp_path, "5:cpu,cpuacct:/box\n4:memory:/box\n0::/\n")
    write(
        cgroups / "memory/box",
        memory__limit_in_bytes="1000000000",
        memory__usage_in_bytes="300000000",
        memory__stat="total_inactive_file 100000000",
    )
    write(
        cgroups / "memory",
        memory__limit_in_bytes="9223372036854771712",
        memory__usage_in_bytes="5",
    )
    assert machine_memory(proc, cgroups) == 800_000_000


def test_a_group_that_is_over_its_limit_has_nothing_left(tmp_path: Path) -> None:
    proc, cgroups = machine(tmp_path, "0::/\n")
    write(cgroups, memory__max="1000", memory__current="2000")
    assert machine_memory(proc, cgroups) == 0


def test_where_nothing_is_said_nothing_is_refused(tmp_path: Path) -> None:
    assert machine_memory(tmp_path, tmp_path) > 1 << 38


def test_this_machine() -> None:
    assert 0 < machine_memory() <= 1 << 40
    assert resident_memory() > 1_000_000


def test_the_features_that_are_on() -> None:
    said = "CPU : NEON = 1 | ARM_FMA = 1 | SVE_CNT = 16 | DOTPROD = 1 | AVX = 0 | REPACK = 1 | "
    assert features(said) == {"NEON", "ARM_FMA", "SVE_CNT", "DOTPROD", "REPACK"}


def test_a_cpu_is_called_by_its_board_or_its_model(tmp_path: Path) -> None:
    info, board = tmp_path / "cpuinfo", tmp_path / "model"
    info.write_text("processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nflags\t: avx2\n")
    assert cpu(info, board).name == "A CPU @ 2 GHz"
    board.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    assert cpu(info, board).name == "Raspberry Pi 5 Model B Rev 1.0"
    assert cpu(tmp_path / "none", tmp_path / "none").name == "unknown"
    assert cpu(info, board).cores > 0


GREEDY = """
from laresd.engines.llm.machine import limit_memory
limit_memory(100_000_000)
modest = bytearray(50_000_000)
try:
    bytearray(400_000_000)
except MemoryError:
    print("refused")
"""


def test_a_process_gets_no_more_than_its_limit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GREEDY], capture_output=True, text=True, check=True
    )
    assert done.stdout == "refused\n"
