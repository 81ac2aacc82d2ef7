"""A reply spoken sentence by sentence, the next one synthesized while one sounds."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from laresd.errors import LaresError
from laresd.frontends.voice.parts import Parts
from laresd.ports import AudioSink
from laresd.sentences import sentences

log = logging.getLogger(__name__)


class Script:
    """What is to be said, which may still grow while it is spoken. As long as a reply at most."""

    def __init__(self, text: str | None = None) -> None:
        """With a `text` it is complete."""
        self._waiting: deque[str] = deque()
        self._ended = False
        self._news = asyncio.Event()
        if text is not None:
            self.add(text)
            self.end()

    def add(self, text: str) -> None:
        self._waiting.extend(sentences(text))
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()

    async def sentences(self) -> AsyncIterator[str]:
        """Each one once it is there, until the end."""
        while self._waiting or not self._ended:
            if self._waiting:
                yield self._waiting.popleft()
                continue
            self._news.clear()
            await self._news.wait()


async def speak(
    parts: Parts,
    sink: AudioSink,
    script: Script,
    language: str,
    on_first_sound: Callable[[], None] = lambda: None,
) -> None:
    """Say it to its end; cancelling stops the sound.

    A voice or loudspeaker that fails is logged: there is no one left to tell.
    """
    ready: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
    async with asyncio.TaskGroup() as tasks:
        synthesis = tasks.create_task(
            _synthesize(parts, script, language, ready), name="synthesize"
        )
        first = True
        while (pcm := await ready.get()) is not None:
            if first:
                on_first_sound()
                first = False
            try:
                await sink.play(pcm)
            except LaresError as error:
                log.warning("the reply could not be played: %s", error)
                synthesis.cancel()
                break


async def announce(
    parts: Parts, sink: AudioSink, text: str, *, language: str, deadline: float
) -> None:
    """Say it to its end. Raises what the voice or the loudspeaker raises, for who asked for it."""
    for sentence in sentences(text):
        pcm = await parts.synthesizer.synthesize(sentence, language=language, deadline=deadline)
        await sink.play(pcm)


async def _synthesize(
    parts: Parts, script: Script, language: str, ready: asyncio.Queue[bytes | None]
) -> None:
    try:
        async for sentence in script.sentences():
            pieces = parts.synthesizer.stream(
                sentence, language=language, timeout_s=parts.config.speech.timeout_s
            )
            async with aclosing(pieces):
                async for pcm in pieces:
                    await ready.put(pcm)
    except LaresError as error:
        log.warning("the reply could not be spoken: %s", error)
    await ready.put(None)
