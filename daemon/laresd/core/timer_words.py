"""What the box says about timers, in English, German and Chinese (anything else: English). Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from laresd.core.timers import MAX_SECONDS, MAX_TIMERS
from laresd.language import main_language
from laresd.timing import TimerOutcome, TimerResult, TimerVerb, TimerView

ON_TIME = 5.0  # seconds; an end announced within them is not called late


def duration(seconds: float, language: str) -> str:
    """A length as people say it, in at most two units: "1 hour and 30 minutes"."""
    return _words(language).duration(seconds)


def sentence(result: TimerResult, language: str) -> str:
    """The reply to a timer command."""
    words = _words(language)
    if result.outcome is TimerOutcome.STATUS:
        return words.gap.join(words.status(view) for view in result.timers)
    if result.outcome is TimerOutcome.CANCELLED and len(result.timers) != 1:
        return words.texts["cancelled_all"].format(count=len(result.timers))
    if result.outcome is TimerOutcome.NO_DURATION and result.verb is not TimerVerb.START:
        return words.texts["by_how_much"]
    if result.outcome is TimerOutcome.STARTED and not any(view.name for view in result.timers):
        return _fill(words, words.texts["started_unnamed"], result.timers)
    return _fill(words, words.texts[result.outcome], result.timers)


def announcement(view: TimerView, late: float | None, language: str, *, was_off: bool) -> str:
    """What is said when a timer has ended. `late`: seconds since then, None when unknown."""
    words = _words(language)
    if late is None:
        return _fill(words, words.texts["ended_off"], (view,))
    if late < ON_TIME:
        return _fill(words, words.texts["ended"], (view,))
    key = "ended_ago_off" if was_off else "ended_ago"
    return _fill(words, words.texts[key], (view,), ago=words.duration(late))


@dataclass(frozen=True, slots=True)
class _Words:
    """One language. In texts: {timer} its name, {Timer} the same at the start of a sentence."""

    texts: dict[str, str]
    duration: Callable[[float], str]
    label: Callable[[TimerView], str]
    either: str  # between the last two of "tea, pasta or eggs"
    comma: str
    gap: str  # between sentences

    def status(self, view: TimerView) -> str:
        key = "ended" if view.remaining <= 0 else "left_paused" if view.paused else "left"
        return _fill(self, self.texts[key], (view,))


def _fill(words: _Words, text: str, timers: Sequence[TimerView], ago: str = "") -> str:
    labels = [words.label(view) for view in timers]
    first = labels[0] if labels else ""
    return text.format(
        timer=first,
        Timer=first[:1].upper() + first[1:],
        timers=_listed(words, labels),
        left=words.duration(timers[0].remaining) if timers else "",
        length=words.duration(timers[0].duration) if timers else "",
        state=words.texts["is_paused" if timers and timers[0].paused else "is_running"],
        most=words.duration(MAX_SECONDS),
        count=MAX_TIMERS,
        ago=ago,
    )


def _listed(words: _Words, labels: Sequence[str]) -> str:
    if len(labels) < 2:
        return "".join(labels)
    return words.comma.join(labels[:-1]) + words.either + labels[-1]


def _parts(seconds: float) -> list[tuple[int, str]]:
    """(number, unit) of the two largest units; seconds only below ten minutes."""
    whole = max(1, round(seconds))
    if whole >= 600:
        whole = round(whole / 60) * 60
    counts = [
        (whole // 86400, "day"),
        (whole // 3600 % 24, "hour"),
        (whole // 60 % 60, "minute"),
        (whole % 60, "second"),
    ]
    return [(count, unit) for count, unit in counts if count][:2]


def _english_duration(seconds: float) -> str:
    parts = _parts(seconds)
    return " and ".join(f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts)


def _english_label(view: TimerView) -> str:
    if view.name:
        return f"{view.name} timer"
    return " ".join(f"{count} {unit}" for count, unit in _parts(view.duration)) + " timer"


_GERMAN = {
    "day": ("Tag", "Tage"),
    "hour": ("Stunde", "Stunden"),
    "minute": ("Minute", "Minuten"),
    "second": ("Sekunde", "Sekunden"),
}


def _german_duration(seconds: float) -> str:
    parts = _parts(seconds)
    return " und ".join(f"{count} {_GERMAN[unit][count != 1]}" for count, unit in parts)


def _german_label(view: TimerView) -> str:
    if view.name:
        return f"{view.name}-Timer"
    parts = _parts(view.duration)
    return "-".join(f"{count}-{_GERMAN[unit][count != 1]}" for count, unit in parts) + "-Timer"


_CHINESE = {"day": "天", "hour": "小时", "minute": "分钟", "second": "秒"}


def _chinese_duration(seconds: float) -> str:
    return "".join(f"{count}{_CHINESE[unit]}" for count, unit in _parts(seconds))


def _chinese_label(view: TimerView) -> str:
    return f"{view.name or _chinese_duration(view.duration)}计时器"


_LANGUAGES = {
    "en": _Words(
        texts={
            TimerOutcome.STARTED: "{Timer} set for {length}.",
            TimerOutcome.PAUSED: "{Timer} paused with {left} left.",
            TimerOutcome.RESUMED: "{Timer} resumed, {left} left.",
            TimerOutcome.CANCELLED: "{Timer} cancelled.",
            TimerOutcome.CHANGED: "The {timer} now has {left} left.",
            TimerOutcome.NONE: "There is no timer.",
            TimerOutcome.NOT_FOUND: "There is no such timer, only the {timers}.",
            TimerOutcome.WHICH: "Which one: the {timers}?",
            TimerOutcome.ALREADY: "The {timer} {state} already.",
            TimerOutcome.NO_DURATION: "For how long?",
            TimerOutcome.TOO_LONG: "A timer can run for {most} at most.",
            TimerOutcome.TOO_SHORT: "Only {left} left on the {timer}.",
            TimerOutcome.TOO_MANY: "There are {count} timers already; cancel one first.",
            "started_unnamed": "Timer set for {length}.",
            "by_how_much": "By how much?",
            "cancelled_all": "{count} timers cancelled.",
            "left": "{left} left on the {timer}.",
            "left_paused": "The {timer} is paused with {left} left.",
            "ended": "Your {timer} is done.",
            "ended_ago": "Your {timer} ended {ago} ago.",
            "ended_ago_off": "Your {timer} ended {ago} ago, while I was off.",
            "ended_off": "Your {timer} ended while I was off.",
            "is_paused": "is paused",
            "is_running": "is running",
        },
        duration=_english_duration,
        label=_english_label,
        either=" or the ",
        comma=", the ",
        gap=" ",
    ),
    "de": _Words(
        texts={
            TimerOutcome.STARTED: "{Timer} auf {length} gestellt.",
            TimerOutcome.PAUSED: "{Timer} angehalten, noch {left}.",
            TimerOutcome.RESUMED: "{Timer} läuft weiter, noch {left}.",
            TimerOutcome.CANCELLED: "{Timer} abgebrochen.",
            TimerOutcome.CHANGED: "{Timer}: jetzt noch {left}.",
            TimerOutcome.NONE: "Es läuft kein Timer.",
            TimerOutcome.NOT_FOUND: "Den gibt es nicht, nur: {timers}.",
            TimerOutcome.WHICH: "Welcher: {timers}?",
            TimerOutcome.ALREADY: "{Timer} {state} schon.",
            TimerOutcome.NO_DURATION: "Wie lange?",
            TimerOutcome.TOO_LONG: "Ein Timer kann höchstens {most} laufen.",
            TimerOutcome.TOO_SHORT: "{Timer}: nur noch {left} übrig.",
            TimerOutcome.TOO_MANY: "Es gibt schon {count} Timer; brich erst einen ab.",
            "started_unnamed": "Timer auf {length} gestellt.",
            "by_how_much": "Um wie viel?",
            "cancelled_all": "{count} Timer abgebrochen.",
            "left": "{Timer}: noch {left}.",
            "left_paused": "{Timer}: angehalten, noch {left}.",
            "ended": "{Timer} ist abgelaufen.",
            "ended_ago": "{Timer} ist vor {ago} abgelaufen.",
            "ended_ago_off": "{Timer} ist abgelaufen, als ich aus war, seitdem {ago}.",
            "ended_off": "{Timer} ist abgelaufen, als ich aus war.",
            "is_paused": "ist angehalten",
            "is_running": "läuft",
        },
        duration=_german_duration,
        label=_german_label,
        either=" oder ",
        comma=", ",
        gap=" ",
    ),
    "zh": _Words(
        texts={
            TimerOutcome.STARTED: "{timer}已设为{length}。",
            TimerOutcome.PAUSED: "{timer}已暂停，还剩{left}。",
            TimerOutcome.RESUMED: "{timer}继续，还剩{left}。",
            TimerOutcome.CANCELLED: "{timer}已取消。",
            TimerOutcome.CHANGED: "{timer}现在还剩{left}。",
            TimerOutcome.NONE: "没有计时器。",
            TimerOutcome.NOT_FOUND: "没有这个计时器，只有{timers}。",
            TimerOutcome.WHICH: "哪一个：{timers}？",
            TimerOutcome.ALREADY: "{timer}已经{state}。",
            TimerOutcome.NO_DURATION: "多长时间？",
            TimerOutcome.TOO_LONG: "计时器最长{most}。",
            TimerOutcome.TOO_SHORT: "{timer}只剩{left}。",
            TimerOutcome.TOO_MANY: "已有{count}个计时器，请先取消一个。",
            "started_unnamed": "计时器已设为{length}。",
            "by_how_much": "多少时间？",
            "cancelled_all": "已取消{count}个计时器。",
            "left": "{timer}还剩{left}。",
            "left_paused": "{timer}已暂停，还剩{left}。",
            "ended": "{timer}到时间了。",
            "ended_ago": "{timer}在{ago}前到时间了。",
            "ended_ago_off": "{timer}在{ago}前到时间了，当时我没有开机。",
            "ended_off": "{timer}在我关机时到时间了。",
            "is_paused": "暂停了",
            "is_running": "在走",
        },
        duration=_chinese_duration,
        label=_chinese_label,
        either="还是",
        comma="、",
        gap="",
    ),
}


def _words(language: str) -> _Words:
    return _LANGUAGES.get(main_language(language), _LANGUAGES["en"])
