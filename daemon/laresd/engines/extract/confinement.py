"""What a process that reads hostile files gives up: memory without end, writing, the network,
other programs. It needs no privilege, and the process cannot take it back.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterator

# Numbers of system calls (Linux, arch/x86/entry/syscalls/syscall_64.tbl and asm-generic/unistd.h).
_X86_64 = {
    "socket": 41, "connect": 42, "bind": 49, "listen": 50, "execve": 59, "kill": 62,
    "truncate": 76, "rename": 82, "mkdir": 83, "rmdir": 84, "creat": 85, "link": 86, "unlink": 87,
    "symlink": 88, "chmod": 90, "fchmod": 91, "chown": 92, "fchown": 93, "lchown": 94,
    "ptrace": 101, "mknod": 133, "mkdirat": 258, "mknodat": 259, "fchownat": 260, "unlinkat": 263,
    "renameat": 264, "linkat": 265, "symlinkat": 266, "fchmodat": 268, "process_vm_writev": 311,
    "renameat2": 316, "execveat": 322, "io_uring_setup": 425, "openat2": 437,
}  # fmt: skip
_AARCH64 = {
    "mknodat": 33, "mkdirat": 34, "unlinkat": 35, "symlinkat": 36, "linkat": 37, "renameat": 38,
    "truncate": 45, "fchmod": 52, "fchmodat": 53, "fchownat": 54, "fchown": 55, "ptrace": 117,
    "kill": 129, "socket": 198, "bind": 200, "listen": 201, "connect": 203, "execve": 221,
    "process_vm_writev": 271, "renameat2": 276, "execveat": 281, "io_uring_setup": 425,
    "openat2": 437,
}  # fmt: skip
_FORBIDDEN = {"x86_64": _X86_64, "aarch64": _AARCH64}
_OPENING = {"x86_64": {2: 1, 257: 2}, "aarch64": {56: 2}}  # open, openat: which argument has flags
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
_X32 = 0x40000000  # bit of the other set of numbers on x86-64
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM  # linux/seccomp.h
_NR, _ARCH, _ARGUMENTS = 0, 4, 16  # struct seccomp_data
_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2  # linux/prctl.h


def confine(memory: int) -> bool:
    """Of this process, which has one thread yet, and its threads to come. `memory`: bytes of data.
    False where the kernel does not take the filter; the limits of memory and files hold anyway.
    """
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _FORBIDDEN:
        return False
    return _install(program(machine))


class _Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _install(code: bytes) -> bool:
    libc = ctypes.CDLL(None)
    program = _Program(len(code) // 8, code)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    refused: int = libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0)
    return refused == 0


def program(machine: str) -> bytes:
    """What the kernel runs for each system call: classic BPF over a struct seccomp_data. `machine`:
    x86_64 or aarch64.
    """
    return b"".join(_steps(machine))


def _steps(machine: str) -> Iterator[bytes]:
    """Each a struct sock_filter: code, jump if so, jump if not, value."""
    yield _step(_LOAD, _ARCH)
    yield _step(_EQUAL, _AUDIT[machine], 1, 0)
    yield _step(_RETURN, _KILL)
    yield _step(_LOAD, _NR)
    if machine == "x86_64":
        yield _step(_AT_LEAST, _X32, 0, 1)
        yield _step(_RETURN, _ERROR)
    for number in _FORBIDDEN[machine].values():
        yield _step(_EQUAL, number, 0, 1)
        yield _step(_RETURN, _ERROR)
    for number, argument in _OPENING[machine].items():
        yield _step(_EQUAL, number, 0, 4)
        yield _step(_LOAD, _ARGUMENTS + 8 * argument)
        yield _step(_ANY_BIT, _WRITING, 0, 1)
        yield _step(_RETURN, _ERROR)
        yield _step(_RETURN, _ALLOW)
    yield _step(_RETURN, _ALLOW)


def _step(code: int, value: int, so: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, so, otherwise, value)
