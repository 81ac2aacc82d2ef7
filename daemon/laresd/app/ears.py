"""All that listens and speaks: the box's own ear, and what others are given to be one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from laresd.app.mind import Mind
from laresd.config import Config
from laresd.core import guard, hints
from laresd.core.turn import Machine, Rules
from laresd.frontends.voice import MICROPHONE, Ear, MutableSource, Parts, VoiceFrontend
from laresd.frontends.voice.languages import spoken
from laresd.frontends.voice.parts import MayAnswerAt
from laresd.ports import Assistant, AudioSink, Clock, Devices, Listener, Signs
from laresd.turns import Sign
from laresd.types import Turn


class Taught(Protocol):
    """What learns the home in a language (core.assistant.CascadeAssistant)."""

    async def prepare(self, language: str) -> None: ...


class Wakers(Protocol):
    """What wakes each ear (app.waking.Waking, and app.satellites for those elsewhere)."""

    def listener(self, ear: str) -> Listener: ...

    async def was_said(self, ear: str, word: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class AllSigns:
    """Port Signs for several who show them, each in its own way."""

    shown: Sequence[Signs]

    def show(self, sign: Sign, site: str) -> None:
        for one in self.shown:
            one.show(sign, site)


def voice_of(
    config: Config,
    clock: Clock,
    mind: Mind,
    *,
    assistant: Assistant,
    devices: Devices,
    sink: AudioSink,
    waking: Wakers,
    signs: Sequence[Signs] = (),
    may_answer: MayAnswerAt,
    on_turn: Callable[[Turn], None],
    on_wake: Callable[[str], None],
) -> VoiceFrontend:
    """The voice frontend over the box's engines; it attends to no ear yet."""
    parts = Parts(
        config=config,
        clock=clock,
        listener=waking.listener,
        transcriber=mind.work,
        assistant=assistant,
        synthesizer=mind.work,
        sink=sink,
        machine=lambda open_ear: Machine(Rules.of(config.turn, open_ear=open_ear)),
        doubt=guard.transcript,
        answer_doubt=guard.answer,
        may_answer=may_answer,
        was_said=waking.was_said,
        hints=lambda language: hints.hints(devices.home(), language),
        signs=AllSigns(tuple(signs)),
    )
    return VoiceFrontend(parts, on_turn=on_turn, on_wake=on_wake)


async def taught(pupil: Taught, config: Config) -> None:
    """Teach it the home in each language that is spoken here. Raises what it raises."""
    for language in spoken(config):
        await pupil.prepare(language)


def own_ear(config: Config, microphone: MutableSource, sink: AudioSink) -> Ear:
    """The box's microphone and its loudspeaker."""
    return Ear(MICROPHONE, microphone, sink, area=config.box.area or None)
