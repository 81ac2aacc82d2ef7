"""What this machine has for a language model: free memory, and the CPU with its features."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from laresd.engines.llm.native import system_info

_NO_LIMIT = 1 << 60  # bytes; version 1 of cgroups writes a number like this for none
_UNKNOWN = 1 << 40  # bytes; nothing says what is free: let llama.cpp find out
_NAMES = ("model name", "Model", "Hardware", "uarch")  # of a CPU or its board, the best first


@dataclass(frozen=True, slots=True)
class Cpu:
    """`name`: as the kernel calls it; `cores`: that this process may use; `features`: that
    llama.cpp was compiled for, by its names, e.g. AVX2, DOTPROD, REPACK.
    """

    name: str
    cores: int
    features: frozenset[str]


def cpu(cpuinfo: Path = Path("/proc/cpuinfo"), board: Path | None = None) -> Cpu:
    """This machine's. A Raspberry Pi's is called by its board, which says more than its core."""
    name = _read(board or Path("/proc/device-tree/model")).strip("\0 \n") or _cpu_name(cpuinfo)
    return Cpu(name, len(os.sched_getaffinity(0)), features(system_info()))


def features(described: str) -> frozenset[str]:
    """Those that are on in llama.cpp's own description of itself."""
    return frozenset(re.findall(r"(\w+) = [1-9]", described))


def machine_memory(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that can be taken now: what the kernel calls available, or what is left of the
    tightest limit of a control group (version 1 or 2) that this process is in.
    """
    available = _field(_read(proc / "meminfo"), "MemAvailable")
    free = available << 10 if available is not None else _UNKNOWN
    return max(0, min([free, *_left(_read(proc / "self/cgroup"), cgroups)]))


def resident_memory(proc: Path = Path("/proc")) -> int:
    """Bytes of this process that are in memory now; 0 where the kernel does not say."""
    return (_field(_read(proc / "self/status"), "VmRSS") or 0) << 10


def limit_memory(further: int, proc: Path = Path("/proc")) -> None:
    """Let this process take at most so many more bytes. Beyond that Python raises MemoryError and
    llama.cpp aborts: the worker is started again, and no other process pays for its defect.
    """
    taken = _field(_read(proc / "self/status"), "VmData")
    if taken is None:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = (taken << 10) + further
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def _left(membership: str, root: Path) -> Iterator[int]:
    """What is left in each control group with a limit, from the process's own to the root."""
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2) if line.count(":") > 1 else ("", "-", "/")
        if controllers not in ("", "memory"):
            continue
        base = root / "memory" if controllers else root
        names = _V1 if controllers else _V2
        inside = Path(path.lstrip("/"))
        for folder in (inside, *inside.parents):
            left = _left_in(base / folder, *names)
            if left is not None:
                yield left


_V1 = (("memory.limit_in_bytes",), "memory.usage_in_bytes", "total_inactive_file")
_V2 = (("memory.max", "memory.high"), "memory.current", "inactive_file")


def _left_in(folder: Path, limits: tuple[str, ...], usage: str, cache: str) -> int | None:
    """None: without a limit. Cached files count as used, but give way."""
    set_here = [_number(_read(folder / name)) for name in limits]
    limit = min((value for value in set_here if value is not None), default=_NO_LIMIT)
    used = _number(_read(folder / usage))
    if limit >= _NO_LIMIT or used is None:
        return None
    cached = _field(_read(folder / "memory.stat"), cache) or 0
    return limit - max(0, used - cached)


def _cpu_name(cpuinfo: Path) -> str:
    lines = (line.partition(":") for line in _read(cpuinfo).splitlines())
    fields = {key.strip(): value.strip() for key, _, value in lines}
    return next((fields[name] for name in _NAMES if fields.get(name)), "unknown")


def _field(text: str, name: str) -> int | None:
    """The number after a name at a line's beginning."""
    found = re.search(rf"^{name}:?\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else None


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def _read(path: Path) -> str:
    """ "" where it cannot be read."""
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
