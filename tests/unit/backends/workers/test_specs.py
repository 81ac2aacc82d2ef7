"""What each engine's worker is given at its start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from laresd.backends.workers.specs import (
    LLAMA_ENVIRONMENT,
    embedding_model,
    language_model,
    llama_environment,
)
from laresd.config import Llm


def test_threads_of_a_language_model_spin_for_about_the_same_time_on_either_kind_of_cpu() -> None:
    assert int(llama_environment("x86_64")["GOMP_SPINCOUNT"]) == 2_000
    assert int(llama_environment("aarch64")["GOMP_SPINCOUNT"]) == 80_000


def test_an_unknown_cpu_waits_as_its_openmp_does() -> None:
    assert "GOMP_SPINCOUNT" not in llama_environment("riscv64")


def test_both_workers_that_compute_with_llama_cpp_are_given_it() -> None:
    for spec in (language_model(Llm()), embedding_model("embedded", Path(), 1)):
        assert dict(spec.environment) == LLAMA_ENVIRONMENT


def test_memory_for_weights_is_asked_for_in_large_pages() -> None:
    """What glibc does with the setting, seen in the kernel's list of this process's memory."""
    shown = subprocess.run(
        [sys.executable, "-c", _ASKS_FOR_MEMORY],
        env={"PATH": "/usr/bin:/bin", **LLAMA_ENVIRONMENT},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if "VmFlags" not in shown:
        pytest.skip("this kernel does not show how memory was asked for")
    assert " hg" in shown


_ASKS_FOR_MEMORY = """
import ctypes
c = ctypes.CDLL(None)
c.malloc.restype = ctypes.c_void_p
block = c.malloc(ctypes.c_size_t(64 << 20))
inside = False
for line in open("/proc/self/smaps"):
    if "-" in line.split()[0]:
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        inside = start <= block < end
    elif inside and line.startswith("VmFlags"):
        print(line)
"""
