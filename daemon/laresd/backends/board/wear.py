"""How worn the storage is that a folder lies on.

Sources: the eMMC attributes `life_time` (two estimates in tenths of the life, of the two kinds of
its cells) and `pre_eol_info` (of the reserved blocks) that Linux' commit 46bc5c408e4e "mmc: core:
Export device lifetime information through sysfs" added, with the values of JEDEC's eMMC 5.0; `type`
is MMC or SD. An SD card tells nothing of its wear: the standard has nothing for it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from laresd.backends.board.tree import text


class Medium(StrEnum):
    EMMC = "eMMC"
    SD = "SD card"
    NVME = "NVMe"
    OTHER = "other"


class Reserve(StrEnum):
    """Of the spare blocks of an eMMC."""

    NORMAL = "normal"
    WARNING = "warning"  # 80 % of them are used
    URGENT = "urgent"
    UNKNOWN = "unknown"


_RESERVES = {1: Reserve.NORMAL, 2: Reserve.WARNING, 3: Reserve.URGENT}


@dataclass(frozen=True, slots=True)
class Storage:
    """`used`: percent of its life, at most; over 100 when it is past it, None: it does not say."""

    medium: Medium
    name: str = ""
    used: int | None = None
    reserve: Reserve = Reserve.UNKNOWN


def storage(folder: Path, sysfs: Path = Path("/sys"), device: int | None = None) -> Storage:
    """Of the disk below the folder's file system; `device`: its number, where the folder is not
    asked. Blocks; raises nothing.
    """
    try:
        number = folder.stat().st_dev if device is None else device
    except OSError:
        return Storage(Medium.OTHER)
    block = (sysfs / f"dev/block/{os.major(number)}:{os.minor(number)}").resolve()
    disk = block.parent if (block / "partition").exists() else block
    if disk.name.startswith("nvme"):
        return Storage(Medium.NVME, text(disk / "device/model"))
    match text(disk / "device/type"):
        case "SD":
            return Storage(Medium.SD, text(disk / "device/name"))
        case "MMC":
            used = [_tenths(word) for word in text(disk / "device/life_time").split()]
            known = [each for each in used if each is not None]
            told = _hexadecimal(text(disk / "device/pre_eol_info"))
            reserve = _RESERVES.get(told, Reserve.UNKNOWN) if told else Reserve.UNKNOWN
            name = text(disk / "device/name")
            return Storage(Medium.EMMC, name, max(known, default=None), reserve)
        case _:
            return Storage(Medium.OTHER)


def _tenths(word: str) -> int | None:
    """1: up to 10 percent, ... 10: up to 100, 11: past its life; 0: not defined."""
    value = _hexadecimal(word)
    return value * 10 if value and value <= 11 else None


def _hexadecimal(word: str) -> int | None:
    try:
        return int(word, 16)
    except ValueError:
        return None
