"""What wakes the box: its wake words at each ear, the second look at them, and what is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from weakref import WeakValueDictionary

from laresd.backends.hosts.wyoming_wake import WyomingWake
from laresd.backends.modelstore.catalogue import ModelKind
from laresd.backends.modelstore.store import OWN_NAME, ModelStore
from laresd.backends.near_misses import ClipWriter, RecentSound, clips_of
from laresd.backends.workers.clients import WorkerListener
from laresd.backends.workers.supervisor import Worker
from laresd.config import Config
from laresd.core import wake
from laresd.errors import ConfigError, LaresError
from laresd.frames.wyoming import address
from laresd.ports import Clock, Listener, Transcriber
from laresd.types import Heard, HeardKind, Json

log = logging.getLogger(__name__)


class Waking:
    """Gives each ear its listener. `new(ear, words)`: one for a stream of that name; `phrases`:
    how each word is said; `on_rejected` is told each wake word that a second look did not believe.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        new: Callable[[str, Mapping[str, float]], Listener],
        phrases: Callable[[], Json],
        transcriber: Transcriber | None,
        *,
        on_rejected: Callable[[str], None] = lambda word: None,
    ) -> None:
        self._config, self._clock = config, clock
        self._new, self._phrases, self._transcriber = new, phrases, transcriber
        self._on_rejected = on_rejected
        self._writer: ClipWriter | None = None
        if config.wake.keep_near_misses:
            self._writer = ClipWriter(clips_of(config), clock.wall)
        self._ears: WeakValueDictionary[str, RecentSound] = WeakValueDictionary()
        self._knows_words: bool | None = None

    def listener(self, ear: str) -> Listener:
        """A new one for the ear of that name, with its own sensitivity."""
        inner = self._new(ear, wake.sensitivities(self._config.wake, ear))

        def found(heard: Heard, pcm: bytes) -> None:
            if heard.kind is HeardKind.REJECTED_WAKE:
                self._on_rejected(heard.name)
            if self._writer is not None:
                self._writer.keep(heard, ear, pcm)

        self._ears[ear] = listener = RecentSound(inner, found)
        return listener

    async def was_said(self, ear: str, word: str) -> bool:
        """Whether the speech model heard the wake word, too, in what that ear just heard.

        In doubt it was said: where the check is off, there is no speech model or it knows only the
        words of a home, or heard nothing, or fails.
        """
        listener, transcriber = self._ears.get(ear), self._transcriber
        if listener is None or transcriber is None or not self._config.wake.transcript_check:
            return True
        pcm, phrase = listener.recent, self._phrase(word)
        if not phrase or not await self._knows():
            return True
        deadline = self._clock.now() + self._config.speech_to_text.timeout_s
        try:
            heard = await transcriber.transcribe(
                pcm, language=self._config.box.language, deadline=deadline
            )
        except LaresError as error:
            log.warning("the wake word was not checked: %s", error)
            return True
        if not heard.text or wake.sounds_like(heard.text, phrase):
            return True
        self._on_rejected(word)
        return False

    async def run(self) -> None:
        """Keep clips, where that is wanted, until cancelled."""
        if self._writer is not None:
            await self._writer.run()

    def _phrase(self, word: str) -> str:
        phrases = self._phrases()
        phrase = phrases.get(word, "") if isinstance(phrases, dict) else ""
        return phrase if isinstance(phrase, str) else ""

    async def _knows(self) -> bool:
        """Whether the speech model in use may know a wake word at all: the bundled one does not."""
        if self._knows_words is None:
            store = ModelStore(self._config.box.state_dir)
            kind, configured = ModelKind.SPEECH_TO_TEXT, self._config.speech_to_text.model
            name = await asyncio.to_thread(store.effective, kind, configured)
            self._knows_words = name != OWN_NAME[kind]
        return self._knows_words


def waking_of(
    config: Config,
    clock: Clock,
    worker: Worker,
    transcriber: Transcriber | None,
    *,
    on_rejected: Callable[[str], None] = lambda word: None,
) -> Waking:
    """Over the box's listening worker, and the service elsewhere that finds wake words, if there is
    one. Raises ConfigError for an address that is none.
    """
    service = address(config.wake.service)
    if config.wake.service and service is None:
        raise ConfigError(
            f"wake.service is no address: {config.wake.service[:80]!r}",
            remedy='write it as "tcp://192.168.1.20:10400"',
        )

    def new(ear: str, words: Mapping[str, float]) -> Listener:
        here = WorkerListener(worker, stream=ear, words=words)
        return WyomingWake(here, service) if service is not None else here

    return Waking(
        config,
        clock,
        new,
        lambda: worker.facts.get("phrases"),
        transcriber,
        on_rejected=on_rejected,
    )
