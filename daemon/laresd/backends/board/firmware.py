"""What a Raspberry Pi's firmware says, asked by `vcgencmd`.

Sources: Raspberry Pi's documentation, "vcgencmd" (the flags of `get_throttled`); the output of
`pmic_read_adc` as many have published it: a line for each rail's current and voltage. The power
that enters is not among them: the 5 V input has a voltage and no current. The published fit
watts = sum(V x A) x 1.1451 + 0.5879 makes up for that (../shared/HOSTS.md).
`vcgencmd` opens /dev/vcio, for which the user must be in the group `video`.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence

PMIC_SLOPE, PMIC_OFFSET_W = 1.1451, 0.5879
LEAST_PAUSE_S = 0.1  # between two questions: the firmware's own values change no faster
TIMEOUT_S = 2.0
_RAIL = re.compile(r"^\s*(\w+)_([AV])\s+(?:current|volt)\(\d+\)=([0-9.]+)([AV])\s*$", re.MULTILINE)

Run = Callable[[Sequence[str]], str]
"""The standard output of a command. Blocks. Raises OSError or subprocess.SubprocessError."""


def run(command: Sequence[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_S, check=True, errors="replace"
    )
    return done.stdout


class Firmware:
    """Asked at most ten times a second: sooner than that the last answer is given again. A firmware
    that has failed once to answer a question is not asked that again: it cannot, or we may not.
    """

    def __init__(
        self, run: Run = run, now: Callable[[], float] = time.monotonic, command: str = "vcgencmd"
    ) -> None:
        self._run, self._now, self._command = run, now, command
        self._told: dict[str, tuple[float, str]] = {}
        self._refused: dict[str, str] = {}

    @classmethod
    def found(cls) -> Firmware | None:
        """None: the command is not there."""
        path = shutil.which("vcgencmd")
        return cls(command=path) if path else None

    def ask(self, question: str) -> str:
        """Its words; "" for none. Blocks."""
        if question in self._refused:
            return ""
        at, text = self._told.get(question, (float("-inf"), ""))
        if self._now() - at < LEAST_PAUSE_S:
            return text
        try:
            text = self._run((self._command, question))
        except subprocess.TimeoutExpired:
            return ""  # it was busy: it may answer the next time
        except (OSError, subprocess.SubprocessError) as error:
            self._refused[question] = str(error)
            return ""
        if text.startswith("error="):
            self._refused[question] = text.strip()
            return ""
        self._told[question] = (self._now(), text)
        return text

    async def throttled(self) -> int | None:
        """The flags of `get_throttled`; None: it does not say."""
        return flags_of(await asyncio.to_thread(self.ask, "get_throttled"))

    async def watts(self) -> float | None:
        """What the whole board takes, by the fit; None: there is no such ADC (only a Pi 5 has)."""
        return watts_of(await asyncio.to_thread(self.ask, "pmic_read_adc"))

    @property
    def faults(self) -> dict[str, str]:
        """Why a question has no answer, by the question."""
        return dict(self._refused)


def flags_of(text: str) -> int | None:
    """Of "throttled=0x50005"."""
    name, _, value = text.strip().partition("=")
    if name != "throttled":
        return None
    try:
        return int(value, 16)
    except ValueError:
        return None


def watts_of(text: str) -> float | None:
    """Of the output of `pmic_read_adc`; None where no rail has both a voltage and a current."""
    rails: dict[str, dict[str, float]] = {}
    for name, kind, value, unit in _RAIL.findall(text):
        if kind == unit:
            rails.setdefault(name, {})[kind] = float(value)
    products = [rail["V"] * rail["A"] for rail in rails.values() if len(rail) == 2]
    return sum(products) * PMIC_SLOPE + PMIC_OFFSET_W if products else None
