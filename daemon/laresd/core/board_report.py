"""What is told of the machine: for `lares status`, and as metrics. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from laresd.core.power import Need, Spent, money
from laresd.core.scheduler.thermal import Throttle
from laresd.core.stages import escaped
from laresd.types import Json, Pressure, Reading, Stall

FLAGS = {
    Throttle.UNDER_VOLTAGE: "under-voltage",
    Throttle.CAPPED: "frequency capped",
    Throttle.THROTTLED: "throttled",
    Throttle.SOFT_LIMIT: "soft temperature limit",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the machine. None: it does not tell. `throttles`: whether it has those flags;
    `watts`: measured, since the look before; `meter`: by what, "" where nothing measures;
    `released`: how often something gave its memory back.
    """

    kind: str = "unknown"
    model: str = ""
    throttles: bool = False
    reading: Reading = field(default_factory=Reading)
    pressure: Pressure = field(default_factory=Pressure)
    need: Need = Need.NONE
    why: str = ""
    background: bool = True
    released: int = 0
    free_bytes: int = 0
    medium: str = "other"
    worn_percent: int | None = None
    reserve: str = "unknown"
    joules: float | None = None
    watts: float | None = None
    meter: str = ""
    spent: Spent = field(default_factory=Spent)
    kwh_price: float = 0.0

    @property
    def answer_cost(self) -> float | None:
        """Money for an answer, on average; None without a price or an answer."""
        if self.spent.each is None or self.kwh_price <= 0:
            return None
        return money(self.spent.each, self.kwh_price)


def flags(bits: int) -> list[str]:
    """The names of those that are the case now."""
    return [name for flag, name in FLAGS.items() if bits & flag]


def status_row(seen: Seen) -> dict[str, Json]:
    """Null for what it does not tell."""
    now: list[Json] = [*flags(seen.reading.throttled)]
    ever: list[Json] = [*flags(seen.reading.throttled >> 16)]
    return {
        "kind": seen.kind,
        "model": seen.model,
        "celsius": seen.reading.celsius,
        "tells_throttling": seen.throttles,
        "throttled": now,
        "throttled_since_boot": ever,
        "memory": seen.need.name.lower(),
        "why": seen.why,
        "background": seen.background,
        "available_percent": _percent(seen.pressure.available),
        "memory_stall_percent": None if seen.pressure.memory is None else seen.pressure.memory.some,
        "free_gb": round(seen.free_bytes / 1e9, 1),
        "storage": seen.medium,
        "worn_percent": seen.worn_percent,
        "watts": None if seen.watts is None else round(seen.watts, 2),
        "meter": seen.meter,
        "answer_joules": None if seen.spent.each is None else round(seen.spent.each, 2),
        "answer_cost": seen.answer_cost,
    }


def metrics(seen: Seen) -> str:
    """In Prometheus' text form; what the machine does not tell is left out. Ends with a newline."""
    name = f'kind="{seen.kind}",model="{escaped(seen.model)}"'
    lines = [
        *_gauge("lares_board_info", "Which board this is.", [(name, 1)]),
        *_optional("lares_cpu_celsius", "Temperature of the CPU.", seen.reading.celsius),
        *_optional("lares_power_watts", "Measured, since the look before.", seen.watts),
        *_optional("lares_memory_available_ratio", "Of all memory.", seen.pressure.available),
        *_gauge("lares_pressure_percent", "Time that work waits, of 10 s.", _stalls(seen.pressure)),
        *_optional("lares_memory_need", "0 none, 1 short, 2 gone.", seen.need),
        *_optional("lares_background_held", "Whether it stops for need.", not seen.background),
        *_optional("lares_disk_free_bytes", "Where the state is kept.", seen.free_bytes),
        *_optional("lares_storage_used_percent", "Of an eMMC's life.", seen.worn_percent),
        *_optional("lares_answer_joules", "Of an answer, on average.", seen.spent.each),
        *_optional("lares_answer_cost", "Of an answer, in your currency.", seen.answer_cost),
        *_counter("lares_memory_released_total", "Engines that gave it back.", seen.released),
        *_counter("lares_answers_joules_total", "Of all answers.", seen.spent.joules),
    ]
    if seen.joules is not None:
        lines += _counter("lares_energy_joules_total", f"By {seen.meter}.", seen.joules)
    if seen.throttles:
        for title, bits in (
            ("now", seen.reading.throttled),
            ("boot", seen.reading.throttled >> 16),
        ):
            told = [(f'flag="{words}"', int(bool(bits & flag))) for flag, words in FLAGS.items()]
            metric = "lares_throttled" if title == "now" else "lares_throttled_since_boot"
            lines += _gauge(metric, "The firmware's flags.", told)
    return "\n".join(lines) + "\n"


def _stalls(pressure: Pressure) -> list[tuple[str, float]]:
    named = {"memory": pressure.memory, "cpu": pressure.cpu, "io": pressure.io}
    told: dict[str, Stall] = {name: stall for name, stall in named.items() if stall is not None}
    return [
        (f'resource="{name}",of="{share}"', value)
        for name, stall in told.items()
        for share, value in (("some", stall.some), ("full", stall.full))
    ]


def _gauge(name: str, words: str, samples: Sequence[tuple[str, float]]) -> Iterator[str]:
    if not samples:
        return
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        yield f"{name}{{{labels}}} {value:g}"


def _optional(name: str, words: str, value: float | None) -> Iterator[str]:
    if value is None:
        return
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    yield f"{name} {float(value):.10g}"


def _counter(name: str, words: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} counter"
    yield f"{name} {float(value):.10g}"


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)
