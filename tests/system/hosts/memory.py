"""A limit of memory for a service of a host, from outside: inside there is no memory controller.

What is already held is not counted, only what is asked for from then on (cgroup version 1).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from tests.system.hosts.host import Host

CONTROLLER = Path("/sys/fs/cgroup/memory")


def can_be() -> bool:
    return (CONTROLLER / "memory.limit_in_bytes").exists()


@contextlib.contextmanager
def limited(host: Host, unit: str, *, megabytes: int) -> Iterator[None]:
    """All processes of a running unit together, and those that they start."""
    group = CONTROLLER / f"lares-{host.leader}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(megabytes << 20))
        inside = host.property(unit, "ControlGroup")
        for pid in host.run("cat", f"/sys/fs/cgroup{inside}/cgroup.procs").split():
            if pid != "0":  # of no process of the host
                (group / "cgroup.procs").write_text(str(_outer(host, int(pid))))
        yield
    finally:
        for _ in range(50):
            for process in (group / "cgroup.procs").read_text().split():
                with contextlib.suppress(OSError):  # it has ended
                    (CONTROLLER / "cgroup.procs").write_text(process)
            with contextlib.suppress(OSError):  # somebody was started meanwhile
                group.rmdir()
                break
            time.sleep(0.1)


def _outer(host: Host, pid: int) -> int:
    """The process that the host knows by this number, as this machine knows it."""
    space = Path(f"/proc/{host.leader}/ns/pid").readlink()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "ns/pid").readlink() != space:
                continue
            for line in (process / "status").read_text().splitlines():
                if line.startswith("NSpid:") and line.split()[-1] == str(pid):
                    return int(process.name)
    raise LookupError(f"{host.name} has no process {pid}")
