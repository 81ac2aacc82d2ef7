"""What each relaxation of the unit's sandbox is for: with it the work is done, without it not; and
how exposed the units are by systemd's own count.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.hosts import lares
from tests.system.hosts.base import missing
from tests.system.hosts.host import Host, fleet

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]

PYTHON = "/opt/lares/current/bin/python"
SOUND = "import cffi; f = cffi.FFI(); print(f.callback('int(int)', lambda x: x + 1)(41))"
NICER = "import os; os.nice(5); print(42)"
BOUNDED = """
import resource
resource.setrlimit(resource.RLIMIT_DATA, (1 << 33, 1 << 33)); print(42)
"""
MEMORY = "print(42 if 'MemAvailable' in open('/proc/meminfo').read() else 0)"
INTERFACES = "import ifaddr; print(42 if list(ifaddr.get_adapters()) else 0)"
GROUPS = "import os, grp; print(42 if grp.getgrnam('audio').gr_gid in os.getgroups() else 0)"

RELAXED = {
    "the sound library calls back": (SOUND, "MemoryDenyWriteExecute=yes"),
    "the language model is nicer": (NICER, "SystemCallFilter=~setpriority"),
    "each worker bounds its memory": (BOUNDED, "SystemCallFilter=~setrlimit prlimit64"),
    "free memory is known": (MEMORY, "ProcSubset=pid"),
    "network cards are known": (INTERFACES, "RestrictAddressFamilies=~AF_NETLINK"),
}


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with fleet() as net:
        booted = net.boot(1, lares.binds())
        lares.install(booted)
        yield booted
        net.shut_down(booted)


def properties() -> list[str]:
    """The sandbox of the unit, as it is shipped."""
    unit = Path(lares.CHECKOUT / "systemd/laresd.service").read_text()
    lines = unit[unit.index("ProtectSystem=") : unit.index("[Install]")].splitlines()
    skipped = ("IPAddress", "#")  # needs a privilege that the host has not
    return [line for line in lines if line and not line.startswith(skipped)]


def tried(host: Host, code: str, *changes: str) -> str:
    """What a program prints that runs as the daemon does, but for some changes."""
    settings = [*properties(), "User=lares", "SupplementaryGroups=audio", *changes]
    given = [word for line in settings for word in ("-p", line)]
    program = ("systemd-run", "--quiet", "--wait", "--pipe", *given, PYTHON, "-c", code)
    return host.run(*program, check=False)


@pytest.mark.parametrize("why", RELAXED)
def test_each_relaxation_is_needed(host: Host, why: str) -> None:
    code, strict = RELAXED[why]
    assert tried(host, code).splitlines()[-1:] == ["42"]
    assert tried(host, code, strict).splitlines()[-1:] != ["42"]


def test_the_groups_of_the_devices_are_there(host: Host) -> None:
    assert tried(host, GROUPS).splitlines()[-1:] == ["42"]


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/lares/mine', 'w')",
        "open('/usr/bin/mine', 'w')",
        "import os; os.listdir('/root')",
        "import os; os.setuid(0)",
        "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
        "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "import time; time.clock_settime(time.CLOCK_REALTIME, 0)",
        "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(5))",
        "open('/proc/sys/kernel/hostname', 'w').write('x')",
        "open('/proc/1/environ').read()",
        "open('/dev/mem', 'rb')",
    ],
)
def test_what_nobody_needs_is_refused(host: Host, code: str) -> None:
    said = tried(host, f"{code}\nprint(42)")
    assert said.splitlines()[-1:] != ["42"]
    assert "Error" in said


LIMITS = {"laresd": 16, "laresd-canary@": 12, "lares-backup": 17, "lares-check": 19}  # tenths


@pytest.mark.parametrize("unit", LIMITS)
def test_the_exposure_of_each_unit_is_bounded(host: Host, unit: str) -> None:
    file = f"/etc/systemd/system/{unit}.service"
    host.run(
        "systemd-analyze", "security", "--offline=yes", f"--threshold={LIMITS[unit]}", file
    )  # fails above the threshold


def test_every_unit_is_one_that_systemd_understands(host: Host) -> None:
    host.run("mkdir", "-p", "/opt/lares/releases/dev/bin")
    units = [each.name for each in (lares.CHECKOUT / "systemd").glob("*.*") if each.is_file()]
    named = [
        f"/etc/systemd/system/{name.replace('@.', '@dev.')}"
        for name in units
        if name.endswith((".service", ".socket", ".timer", ".slice"))
    ]
    host.run("ln", "-sf", "laresd-canary@.service", "/etc/systemd/system/laresd-canary@dev.service")
    said = host.run("systemd-analyze", "verify", "--man=no", *named, check=False)
    host.run("rm", "/etc/systemd/system/laresd-canary@dev.service")
    assert [line for line in said.splitlines() if "lares" in line] == []
