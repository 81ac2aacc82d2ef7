"""The board: processor, temperature, power, memory, clock, disk. `root` is "/" but in tests."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from laresd.backends.board.firmware import Firmware, flags_of, watts_of
from laresd.backends.board.kind import Model, recognise
from laresd.backends.board.pressure import available_of, stall_of
from laresd.backends.board.wear import Medium, Reserve, Storage, storage
from laresd.backends.checks.finding import Finding, fail, ok, warn

PYTHONS = ((3, 11), (3, 13))
LOW_DISK, FULL_DISK = 1 << 30, 100 << 20  # bytes
HOT = 80.0  # degrees Celsius: boards slow down from here on
STALLED = 10.0  # percent of the time in which work waits for memory
WORN = 80  # percent of an eMMC's life
_FAST = {"aarch64": "asimddp", "x86_64": "avx2"}  # what makes int8 models fast there
_THROTTLED = {
    0: "under-voltage",
    1: "frequency capped",
    2: "throttled",
    3: "soft temperature limit",
}


def python(version: tuple[int, int]) -> Finding:
    text = f"Python {version[0]}.{version[1]}"
    if PYTHONS[0] <= version <= PYTHONS[1]:
        return ok("python", text)
    return warn("python", f"{text} is not tried", "use Python 3.11 to 3.13")


def processor(machine: str, root: Path) -> Finding:
    """64 bits, and the instructions that the engines are fast with."""
    wanted = _FAST.get(machine)
    if wanted is None:
        return fail("processor", f"{machine} has no wheels", "use a 64-bit system")
    found = set(_text(root / "proc/cpuinfo").split())
    if wanted in found or not found:
        return ok("processor", f"{machine}, {os.cpu_count()} cores, {wanted}")
    name = "dotprod" if wanted == "asimddp" else wanted
    return warn("processor", f"{machine} without {name}: models run slowly", "use small models")


def temperature(root: Path) -> list[Finding]:
    """Nothing where the board does not tell."""
    zones = sorted(root.glob("sys/class/thermal/thermal_zone*/temp"))
    degrees = [int(text) / 1000 for zone in zones if (text := _text(zone).strip()).isdigit()]
    if not degrees:
        return []
    text = f"{max(degrees):.0f} °C"
    if max(degrees) < HOT:
        return [ok("temperature", text)]
    return [warn("temperature", f"{text}: the board slows itself down", "give it a fan or air")]


def throttling(root: Path) -> list[Finding]:
    """A Raspberry Pi's own word on its power supply and heat; bits 16 up: since it was started."""
    for file in root.glob("sys/devices/platform/soc*/soc*:firmware/get_throttled"):
        return [_power(int(_text(file).strip() or "0", 16))]
    return []


def _power(bits: int) -> Finding:
    now = [name for bit, name in _THROTTLED.items() if bits >> bit & 1]
    ever = [name for bit, name in _THROTTLED.items() if bits >> (bit + 16) & 1]
    if now:
        return warn("power", ", ".join(now) + " right now", _power_remedy(now))
    if ever:
        return warn("power", ", ".join(ever) + " since the start", _power_remedy(ever))
    return ok("power", "enough, and not throttled")


def _power_remedy(names: list[str]) -> str:
    if "under-voltage" in names:
        return "use the board's own power supply and a short cable"
    return "give it a fan or air"


def hardware(
    folder: Path, root: Path, firmware: Callable[[], Firmware | None] = Firmware.found
) -> Iterator[Finding]:
    """Which board it is, what of its power can be told, its memory, and the wear of the storage
    below `folder`. What is not there is not told.
    """
    model = recognise(root)
    if model.name:
        yield ok("board", f"{model.name} ({model.kind})")
    if model.is_pi:
        yield from firmware_answers(model, root, firmware())
    yield from energy(model, root)
    yield from memory(root)
    yield from wear(storage(folder, root / "sys"))


def firmware_answers(model: Model, root: Path, firmware: Firmware | None) -> Iterator[Finding]:
    """Whether somebody tells of under-voltage, and of the watts where the board measures them."""
    remedy = "install vcgencmd (raspi-utils), and: adduser lares video (for /dev/vcio)"
    if not any(root.glob("sys/devices/platform/soc*/soc*:firmware/get_throttled")):
        bits = flags_of(firmware.ask("get_throttled")) if firmware is not None else None
        silent = "nothing tells of under-voltage and throttling"
        yield warn("power", silent, remedy) if bits is None else _power(bits)
    if not model.measures_watts:
        return
    watts = watts_of(firmware.ask("pmic_read_adc")) if firmware is not None else None
    if watts is None:
        yield warn("energy", "the power chip cannot be asked: energy is estimated", remedy)
    else:
        yield ok("energy", f"{watts:.1f} W now, by the board's power chip and a fit")


def energy(model: Model, root: Path) -> list[Finding]:
    """The CPU's own counter, where it has one."""
    counters = list(root.glob("sys/class/powercap/intel-rapl:*/energy_uj"))
    if not counters or model.measures_watts:
        return []
    if any(_text(counter) for counter in counters):
        return [ok("energy", "measured by the CPU's counter (RAPL)")]
    return [
        warn(
            "energy",
            "the CPU's counter may not be read: energy is estimated",
            "let the group lares read /sys/class/powercap/*/energy_uj: "
            "firmware-notes/boards/power.md",
        )
    ]


def memory(root: Path) -> list[Finding]:
    """How much of it can be had, and whether work waits for it."""
    available, stall = (
        available_of(_text(root / "proc/meminfo")),
        stall_of(_text(root / "proc/pressure/memory")),
    )
    if available is None:
        return []
    text = f"{available * 100:.0f} % of the memory can be had"
    if stall is None:
        remedy = "add psi=1 to the kernel's command line"
        return [warn("memory", f"{text}; the kernel does not tell when it is short", remedy)]
    text += f"; work waits for it {stall.some:.0f} % of the time"
    if stall.some >= STALLED:
        return [warn("memory", text, "use a smaller model, or zram: firmware-notes/boards")]
    return [ok("memory", text)]


def wear(found: Storage) -> list[Finding]:
    match found.medium:
        case Medium.SD:
            text = f"the state is on an SD card ({found.name}), which does not tell its wear"
            return [ok("storage", text)]
        case Medium.EMMC if found.used is not None:
            text = f"eMMC {found.name}: up to {found.used} % of its life is used"
            if found.used >= WORN or found.reserve in (Reserve.WARNING, Reserve.URGENT):
                return [warn("storage", text, "back up, and replace it soon")]
            return [ok("storage", text)]
        case Medium.NVME:
            return [ok("storage", f"NVMe {found.name}; smartctl -a tells its wear")]
        case _:
            return []


def clock(wall: float, built: float, root: Path) -> Finding:
    """`built`: when this Lares was made; a clock before that is wrong."""
    if wall < built:
        return fail(
            "clock",
            "the clock is behind: it is before this Lares was made",
            "timedatectl set-ntp on",
        )
    if (root / "run/systemd/timesync/synchronized").exists():
        return ok("clock", "synchronised by systemd-timesyncd")
    servers = [name for name in ("chrony", "ntpd", "ntpsec") if (root / "run" / name).exists()]
    if servers:
        return ok("clock", f"plausible; kept by {servers[0]}")
    if (root / "run/systemd/timesync").exists():
        return warn("clock", "not synchronised yet", "check the network: timedatectl status")
    return ok("clock", "plausible; it is not known whether anything keeps it")


def disk(
    folder: Path, free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
) -> Finding:
    """Free space where the state is kept."""
    place = next(part for part in (folder, *folder.parents) if part.exists())
    left = free(place)
    text = f"{left / 1e9:.1f} GB free in {place}"
    if left < FULL_DISK:
        return fail(
            "disk", text, "free some disk space: lares models remove, journalctl --vacuum-size=100M"
        )
    if left < LOW_DISK:
        return warn("disk", text, "free some disk space before you pull models")
    return ok("disk", text)


def read_only(folder: Path, root: Path) -> list[Finding]:
    """A card that the kernel has made read-only after errors is about to die."""
    best, options = "", ""
    for line in _text(root / "proc/mounts").splitlines():
        fields = line.split()
        if len(fields) < 4:
            continue
        point = re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), fields[1])
        if Path(point) in (folder, *folder.parents) and len(point) >= len(best):
            best, options = point, fields[3]
    if "ro" in options.split(","):
        return [
            fail("disk", f"{best} is mounted read-only", "dmesg tells why; replace a failing card")
        ]
    return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
