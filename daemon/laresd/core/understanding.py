"""What a request means: the cascade of those who may know, the surest first.

The sentence grammar is asked first, then the tolerant grammar, the documents, and the language
model; the first answer that stands up to the guard counts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from laresd.config import Config
from laresd.core import guard, prompt, replies
from laresd.core.dialogue import Found, Read
from laresd.core.intent import loose, wonder
from laresd.core.intent.dismissal import dismissed
from laresd.core.intent.meaning import Meaning
from laresd.core.intent.resolve import is_soft, resolve
from laresd.core.knowledge.consulting import Consulting
from laresd.core.talk import Talk
from laresd.errors import DeadlineExceeded, LaresError
from laresd.generation import Ending, Generation, Message
from laresd.ports import Clock, Devices, Grammar, LanguageModel
from laresd.types import Home, Json, Request

log = logging.getLogger(__name__)

OnSentence = Callable[[str], None]

_STARTED = ("scene", "script")
WARM_TIMEOUT = 900.0  # seconds; a Raspberry Pi 4 reads 10 tokens of a 3B model in a second


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was understood and by whom: grammar, loose, documents, llm. `said`: words to be told;
    `where` they were computed, and `why` there. `error`: what failed; with `said`, what broke that
    off.
    """

    by: str = ""
    meaning: Meaning | None = None
    said: str = ""
    error: LaresError | None = None
    where: str = ""
    why: str = ""
    found: Found | None = None  # a follow-up, or something about routines

    def facts(self) -> dict[str, Json]:
        """For the turn's record."""
        intent = self.meaning.intent if self.meaning else ""
        place: dict[str, Json] = {"where": self.where, "why": self.why} if self.where else {}
        return {"by": self.by, "intent": intent, **place}


@dataclass(slots=True)
class _Taught:
    """What the others were told of the home already."""

    names: dict[str, tuple[object, ...]] = field(default_factory=dict)  # the grammar, by language
    head: tuple[Message, ...] = ()  # the language model


class Cascade:
    """`model` None: the grammars alone."""

    def __init__(
        self,
        config: Config,
        clock: Clock,
        devices: Devices,
        *,
        grammar: Grammar,
        model: LanguageModel | None,
        documents: Consulting | None = None,
    ) -> None:
        self._config, self._clock, self._devices = config, clock, devices
        self._grammar = grammar
        self._model = model if config.llm.enabled else None
        self._documents = documents
        self._taught = _Taught()

    async def prepare(self, language: str) -> None:
        """Teach the grammar the home as it is, so that the first request need not wait for it.

        Raises what the grammar raises.
        """
        home = self._devices.home()
        await self._grammar.learn(home, language)
        self._taught.names[language] = _vocabulary(home)

    async def warm(self) -> None:
        """Have the language model compute what it reads before every command in this home.

        Nothing happens without a model, or when it knows the home already. Raises what it raises.
        """
        head = prompt.head(self._devices.home())
        if self._model is None or head == self._taught.head:
            return
        await self._model.prepare(head, deadline=self._clock.now() + WARM_TIMEOUT)
        self._taught.head = head

    async def anticipate(self, request: Request, home: Home) -> None:
        """Have the language model read a request that is still being said, if it will be asked."""
        if self._model is None:
            return
        strict = await self.strict(request, home)
        question = _question(request, home)
        if question is None or strict.meaning is not None:
            return
        if loose.understand(request.text, request.language, home, request.area) is not None:
            return
        await self._model.anticipate(question, deadline=self._until(request))

    async def clear(self, request: Request, home: Home) -> Meaning | None:
        """What the grammars alone make of it, where they are sure of that."""
        strict = (await self.strict(request, home)).meaning
        if strict is not None and is_final(strict):
            return strict
        found = loose.understand(request.text, request.language, home, request.area)
        return found if found is not None and found.exact else None

    def reader(self, request: Request, home: Home) -> Read:
        """What the grammars make of a step of a routine; the language model is not asked."""

        async def read(text: str, language: str, area: str | None) -> Meaning | None:
            step = replace(request, text=text, language=language, area=area)
            strict = (await self.strict(step, home)).meaning
            if strict is not None and is_final(strict):
                return strict
            return loose.understand(text, language, home, area) or strict

        return read

    async def strict(self, request: Request, home: Home) -> Understanding:
        """What the sentence grammar makes of it; its failure leaves the work to the others."""
        now = self._clock.now()
        deadline = min(request.deadline, now + self._config.actions.grammar_timeout_s)
        try:
            await self._teach(home, request.language, deadline - now)
            found = await self._grammar.recognize(
                request.text, language=request.language, area=request.area, deadline=deadline
            )
        except LaresError as error:
            log.warning("the sentence grammar did not answer: %s", error)
            return Understanding(error=error)
        meaning = resolve(found, home, request.area)
        if meaning is None:
            meaning = dismissed(request.text, request.language)
        if meaning is None or _is_name_alone(meaning, request, home):
            return Understanding()
        return Understanding("grammar", meaning)

    async def tolerant(
        self,
        request: Request,
        home: Home,
        strict: Understanding,
        meaning: Meaning | None,
        on_sentence: OnSentence | None,
    ) -> Understanding:
        """When the templates did not settle it: the tolerant grammar's word, then the model's."""
        if meaning is None and strict.meaning is None:
            meaning = wonder.asked(request.text, request.language, home, request.area)
        if meaning is not None and meaning.problem is None:
            return Understanding("loose", meaning)
        if strict.meaning is None and meaning is not None:
            strict = Understanding("loose", meaning, error=strict.error)
        if strict.meaning is not None and not is_soft(strict.meaning):
            return strict
        told = await self._from_documents(request, home, on_sentence)
        if told.said or self._model is None:
            return told if told.said else strict
        asked = await self._ask_model(self._model, request, home, on_sentence)
        if asked.meaning is not None or asked.said:
            return asked
        return replace(strict, error=strict.error or asked.error)

    async def _from_documents(
        self, request: Request, home: Home, on_sentence: OnSentence | None
    ) -> Understanding:
        """What the documents say to a question. No tool is there: nothing of it can act."""
        if self._documents is None or guard.may_be_command(request.text, request.language, home):
            return Understanding()
        of_home = guard.names_any(request.text, request.language, home)
        try:
            said = await self._documents.told(request, on_sentence, of_home=of_home)
        except LaresError as error:
            log.warning("the documents were not asked: %s", error)
            return Understanding(error=error)
        return Understanding("documents" if said else "", said=said)

    async def _teach(self, home: Home, language: str, seconds: float) -> None:
        """Have the grammar know the names of the home, when these have changed."""
        names = _vocabulary(home)
        if self._taught.names.get(language) == names:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._grammar.learn(home, language)
        except TimeoutError as error:
            raise DeadlineExceeded("the sentence grammar is not ready yet") from error
        self._taught.names[language] = names

    async def _ask_model(
        self,
        model: LanguageModel,
        request: Request,
        home: Home,
        on_sentence: OnSentence | None,
    ) -> Understanding:
        """The model's proposal, if the guard finds it in the words that were said."""
        question = _question(request, home)
        if question is None:
            return Understanding()
        if question.grammar is None:
            return await self._talked(model, question, request, home, on_sentence)
        said: list[str] = []
        ending: Ending | None = None
        try:
            async for piece in model.generate(question, deadline=self._until(request)):
                said.append(piece.text)
                ending = piece.ending
        except LaresError as error:
            log.warning("the language model did not answer: %s", error)
            return Understanding(error=error)
        proposed = prompt.parse("".join(said), home)
        checked = proposed and guard.checked(proposed, request, home)
        return _placed(Understanding("llm" if checked else "", checked), ending)

    async def _talked(
        self,
        model: LanguageModel,
        question: Generation,
        request: Request,
        home: Home,
        on_sentence: OnSentence | None,
    ) -> Understanding:
        """An answer in words, whose sentences are told as they are certain."""
        talk = Talk(request.language, lambda text: guard.fits_talk(text, request.language, home))
        ending: Ending | None = None
        error: LaresError | None = None
        try:
            answer = model.generate(question, deadline=self._until(request))
            async with aclosing(answer) as pieces:
                async for piece in pieces:
                    talk.hear(piece.text, on_sentence)
                    ending = piece.ending
                    if talk.over:
                        break
                talk.end(on_sentence)
        except LaresError as broken:
            log.warning("the language model did not answer: %s", broken)
            error = broken
            if talk.said:
                talk.add(replies.broken_off(request.language), on_sentence)
        return _placed(
            Understanding("llm" if talk.said else "", said=talk.said, error=error), ending
        )

    def _until(self, request: Request) -> float:
        """How long the language model may take."""
        return min(request.deadline, self._clock.now() + self._config.llm.timeout_s)


def is_final(strict: Meaning) -> bool:
    """Whether nobody else need be asked: "all lights off" may be a question or a command."""
    return not is_soft(strict) and strict.question is None


def _placed(found: Understanding, ending: Ending | None) -> Understanding:
    return replace(found, where=ending.where, why=ending.why) if ending else found


def _question(request: Request, home: Home) -> Generation | None:
    """What the language model is asked about a request; None when it is not asked."""
    if guard.may_be_command(request.text, request.language, home):
        return prompt.tool_call(request, home)
    if guard.may_be_talk(request.text, request.language, home):
        return prompt.talk(request)
    return None


def _is_name_alone(meaning: Meaning, request: Request, home: Home) -> bool:
    """A device's bare name is no command, except for what can only be started."""
    entities = [home.entities.get(action.entity_id) for action in meaning.actions]
    if not entities or all(e is not None and e.domain in _STARTED for e in entities):
        return False
    return guard.names_only(request.text, request.language, home)


def _vocabulary(home: Home) -> tuple[object, ...]:
    """What the grammar learns of a home, to be compared: states are no part of it."""
    entities: Mapping[str, object] = {
        e.entity_id: (e.name, e.domain, e.area, e.aliases, e.device_class)
        for e in home.entities.values()
    }
    return (
        home.areas,
        tuple(home.floors),
        tuple(sorted(entities.items(), key=lambda item: item[0])),
    )
