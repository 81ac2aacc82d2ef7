"""The filter of system calls, run as the kernel runs it (bpf(4), seccomp(2)), also for a machine
that this one is not.
"""

from __future__ import annotations

import errno
import os
import struct

import pytest

from laresd.engines.extract import confinement

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
READ = {"x86_64": 0, "aarch64": 63}
SOCKET = {"x86_64": 41, "aarch64": 198}
EXECVE = {"x86_64": 59, "aarch64": 221}
OPENAT = {"x86_64": 257, "aarch64": 56}
ALLOWED, KILLED, REFUSED = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
MACHINES = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


def verdict(machine: str, call: int, *arguments: int, audit: int | None = None) -> int:
    given = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<iIQ6Q", call, audit or AUDIT[machine], 0, *given)
    code = confinement.program(machine)
    at, held = 0, 0
    while True:
        step, so, otherwise, value = struct.unpack_from("=HBBI", code, at * 8)
        at += 1
        if step == 0x20:
            held = struct.unpack_from("<I", data, value)[0]
        elif step == 0x06:
            return int(value)
        else:
            met = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[step]
            at += so if met else otherwise


@MACHINES
def test_reading_is_allowed(machine: str) -> None:
    assert verdict(machine, READ[machine]) == ALLOWED
    assert verdict(machine, OPENAT[machine], 0, 0, os.O_RDONLY | os.O_CLOEXEC) == ALLOWED


@MACHINES
@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC | os.O_RDONLY])
def test_opening_to_write_is_refused(machine: str, flags: int) -> None:
    assert verdict(machine, OPENAT[machine], 0, 0, flags) == REFUSED


@MACHINES
@pytest.mark.parametrize("calls", [SOCKET, EXECVE, {"x86_64": 425, "aarch64": 425}])
def test_the_network_and_other_programs_are_refused(machine: str, calls: dict[str, int]) -> None:
    assert verdict(machine, calls[machine]) == REFUSED


@MACHINES
def test_calls_of_another_kind_of_machine_end_the_process(machine: str) -> None:
    assert verdict(machine, READ[machine], audit=0x40000003) == KILLED


def test_the_second_set_of_numbers_of_x86_is_refused() -> None:
    assert verdict("x86_64", 0x40000000 + SOCKET["x86_64"]) == REFUSED


@MACHINES
def test_the_kernel_takes_programs_of_this_length(machine: str) -> None:
    assert len(confinement.program(machine)) // 8 <= 4096
