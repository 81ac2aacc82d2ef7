"""Home Assistant's sentence templates, matched with hassil. Runs as a worker process.

Ops: `learn` {language, entities: [{entity_id, name, domain, area, aliases, device_class}], areas,
floors} and `recognize` {text, language, area} -> {recognitions: [{intent, slots}]}, best first.
Beside Home Assistant's slots a recognition may have `entity_id` (of the name that matched) and
`response` (the template's response key: "which", "how_many", "one_yesno" and the like).

A match may take long for some sentences: it is given up after `limit_s` (an option of `load`), as
if nothing had been found.
"""

from __future__ import annotations

import itertools
import logging
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

from hassil.intents import Intents, SlotList, TextSlotList
from hassil.recognize import RecognizeResult, recognize_all
from home_assistant_intents import get_intents, get_languages

from laresd.engines import worker
from laresd.engines.own_sentences import OWN_SENTENCES
from laresd.errors import Permanent
from laresd.frames import Fields
from laresd.types import Json, Scalar

MAX_TEXT = 250  # characters; longer is no command, and matching time grows with length
MAX_RESULTS = 64  # matches that are looked at before the best are chosen
MAX_RETURNED = 16
DEFAULT_LIMIT_S = 0.8
WARM_UP_S = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Name:
    """One way to say one entity."""

    text: str
    entity_id: str
    domain: str
    device_class: str | None = None


class _OutOfTimeError(BaseException):
    """Raised inside the match by the alarm, past any handler of the library."""


class Templates:
    """One language's templates with the names of one home in them."""

    def __init__(self, language: str) -> None:
        self._intents = Intents.from_dict(_with_own(_data(language), language))
        self._lists = _slot_lists((), (), ())

    def learn(
        self, names: Sequence[Name], areas: Sequence[str], floors: Sequence[str] = ()
    ) -> None:
        self._lists = _slot_lists(names, areas, floors)
        self.recognize("?", None, WARM_UP_S)  # compiles the templates, before anyone waits

    def recognize(self, text: str, area: str | None, limit_s: float) -> list[dict[str, Json]]:
        """Recognitions, best first; empty when nothing fits or the text is too long."""
        if not text.strip() or len(text) > MAX_TEXT:
            return []
        context = {"area": area} if area else {}
        found: list[RecognizeResult] = []

        def match() -> None:
            results = recognize_all(
                text, self._intents, slot_lists=self._lists, intent_context=context
            )
            found.extend(itertools.islice(results, MAX_RESULTS))

        if not _within(limit_s, match):
            return []  # the best may be among those that were not found
        return _distinct(sorted(found, key=_rank))


def load(options: Fields) -> worker.Loaded:
    """The grammar engine; templates are read when a language is first asked for."""
    limit_s = options.real("limit_s", DEFAULT_LIMIT_S)
    loaded: dict[str, Templates] = {}

    def templates(language: str) -> Templates:
        if language not in loaded:
            loaded[language] = Templates(language)
        return loaded[language]

    def learn(call: worker.Call) -> worker.Answer:
        names = list(_names(call.body.rows("entities")))
        known = templates(call.body.text("language"))
        known.learn(names, call.body.texts("areas"), call.body.texts("floors"))
        return worker.Answer({"names": len(names)})

    def recognize(call: worker.Call) -> worker.Answer:
        area = call.body.text("area", "") or None
        known = templates(call.body.text("language"))
        found = known.recognize(call.body.text("text"), area, limit_s)
        return worker.Answer({"recognitions": list(found)})

    if language := options.text("language", ""):
        templates(language)
    return worker.Loaded({"learn": learn, "recognize": recognize})


def _data(language: str) -> dict[str, object]:
    """The templates of `language`, or of its main language ("en-GB": "en").

    Raises Permanent for a language that Home Assistant has no sentences for.
    """
    for candidate in (language, language.partition("-")[0]):
        data = get_intents(candidate)
        if data is not None:
            return data
    raise Permanent(
        f"there are no sentences for the language {language!r}",
        remedy="set box.language to one of " + ", ".join(sorted(get_languages())),
    )


def _with_own(data: dict[str, object], language: str) -> dict[str, object]:
    """The templates with our own sentences added to their intents."""
    intents = data["intents"]
    assert isinstance(intents, dict)
    added = dict(intents)
    for name, sentences in OWN_SENTENCES.get(language.partition("-")[0], {}).items():
        blocks = [*intents[name]["data"], {"sentences": list(sentences)}]
        added[name] = {**intents[name], "data": blocks}
    return {**data, "intents": added}


def _names(entities: Sequence[Fields]) -> Iterator[Name]:
    for entity in entities:
        device_class = entity.text("device_class", "") or None
        texts = (entity.text("name"), *entity.texts("aliases"))
        for text in dict.fromkeys(text for text in texts if text.strip()):
            yield Name(text, entity.text("entity_id"), entity.text("domain"), device_class)


def _slot_lists(
    names: Sequence[Name], areas: Sequence[str], floors: Sequence[str]
) -> dict[str, SlotList]:
    values = [
        (name.text, name.text, _context(name), {"entity_id": name.entity_id}) for name in names
    ]
    return {
        "name": TextSlotList.from_tuples(values, name="name", allow_template=False),
        "area": TextSlotList.from_strings(areas, name="area", allow_template=False),
        "floor": TextSlotList.from_strings(floors, name="floor", allow_template=False),
    }


def _context(name: Name) -> dict[str, str]:
    context = {"domain": name.domain}
    if name.device_class:
        context["device_class"] = name.device_class
    return context


def _rank(result: RecognizeResult) -> tuple[bool, int, int, int, int, str]:
    """Smaller is better: a device's name, the longest, few wildcards, much literal text."""
    name = result.entities.get("name")
    named = len(name.text) if name is not None and not name.is_wildcard else 0
    wild = [entity for entity in result.entities_list if entity.is_wildcard]
    swallowed = sum(len(entity.text or "") for entity in wild)
    return (
        not named,
        -named,
        len(wild),
        -result.text_chunks_matched,
        swallowed,
        result.intent.name,
    )


def _distinct(results: Sequence[RecognizeResult]) -> list[dict[str, Json]]:
    found: list[dict[str, Json]] = []
    for result in results:
        recognition: dict[str, Json] = {"intent": result.intent.name, "slots": _slots(result)}
        if recognition not in found:
            found.append(recognition)
        if len(found) >= MAX_RETURNED:
            break
    return found


def _slots(result: RecognizeResult) -> dict[str, Json]:
    slots: dict[str, Json] = {}
    for entity in result.entities_list:
        slots[entity.name] = _scalar(entity.value)
        metadata: Mapping[str, object] = entity.metadata or {}
        if entity.name == "name" and "entity_id" in metadata:
            slots["entity_id"] = str(metadata["entity_id"])
    if result.response:
        slots["response"] = result.response
    return slots


def _scalar(value: object) -> Scalar:
    if isinstance(value, str):
        return value.strip()
    return value if isinstance(value, int | float) else str(value)


def _within(seconds: float, work: Callable[[], None]) -> bool:
    """Whether the work was done in time. Main thread only, where a worker's calls run."""
    armed = True

    def expired(_signal: int, _frame: FrameType | None) -> None:
        if armed:  # else it comes when the work is done
            raise _OutOfTimeError

    previous = signal.signal(signal.SIGALRM, expired)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        work()
        armed = False
        return True
    except _OutOfTimeError:
        log.warning("a sentence was given up after %.1f s of matching", seconds)
        return False
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


if __name__ == "__main__":
    worker.main(load)
