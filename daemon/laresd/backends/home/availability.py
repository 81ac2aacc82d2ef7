"""Whether a device says that it is there: one topic or several, by mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from laresd.backends.home.discovery import Component
from laresd.backends.home.settings import Settings
from laresd.backends.home.templates import Payload, Template, Templates
from laresd.errors import Permanent

MODES = ("latest", "all", "any")


@dataclass(frozen=True, slots=True)
class Source:
    topic: str
    online: str
    offline: str
    template: Template | None

    def read(self, payload: Payload) -> bool | None:
        value = payload.text if self.template is None else self.template.read(payload)
        return {self.online: True, self.offline: False}.get(value or "")


@dataclass(frozen=True, slots=True)
class Availability:
    """The sources, and how their answers are put together. Unheard sources count as there:
    a device that does not answer is found out by the missing echo."""

    sources: tuple[Source, ...] = ()
    mode: str = "latest"

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(source.topic for source in self.sources)

    def heard(self, topic: str, payload: Payload) -> dict[str, bool]:
        """What this message says, by topic: at most one entry."""
        for source in self.sources:
            if source.topic == topic:
                answer = source.read(payload)
                return {} if answer is None else {topic: answer}
        return {}

    def verdict(self, answers: Mapping[str, bool]) -> bool:
        """`answers` by topic, the latest last."""
        if not answers:
            return True
        if self.mode == "latest":
            return list(answers.values())[-1]
        if self.mode == "any":
            return any(answers.values()) or len(answers) < len(self.sources)
        return all(answers.values())


def availability(component: Component, templates: Templates) -> Availability:
    """Raises Permanent for an announcement that makes no sense."""
    values = component.values
    listed = values.get("availability")
    settings = Settings(values, templates)
    mode = settings.text("availability_mode", "latest")
    if mode not in MODES:
        raise Permanent(f"availability_mode must be one of {', '.join(MODES)}, not {mode!r}")
    if isinstance(listed, list):
        entries = [Settings(item, templates) for item in listed if isinstance(item, dict)]
        sources = [_source(item, "topic", "value_template") for item in entries]
    else:
        sources = [_source(settings, "availability_topic", "availability_template")]
    return Availability(tuple(item for item in sources if item.topic), mode)


def _source(settings: Settings, topic: str, template: str) -> Source:
    return Source(
        settings.topic(topic),
        settings.text("payload_available", "online"),
        settings.text("payload_not_available", "offline"),
        settings.template(template),
    )
