"""The ports that engines serve, over their workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from laresd.backends.workers.supervisor import Worker
from laresd.errors import DeadlineExceeded, Permanent
from laresd.frames import Fields
from laresd.generation import (
    LOCAL,
    AnswerGrammar,
    Ending,
    Finish,
    Generation,
    Message,
    Piece,
    ToolCall,
)
from laresd.types import (
    SAMPLE_RATE,
    Entity,
    Heard,
    HeardKind,
    Home,
    Json,
    Priority,
    Recognition,
    Scalar,
    Transcript,
    Vectors,
)

PATIENT_AT_ONCE = 16  # requests of automation and background at the language model
HEAR_TIMEOUT = 5.0  # seconds; `hear` carries no deadline, and a frame's work takes milliseconds


class WorkerTranscriber:
    """Transcriber over `laresd.engines.whisper`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript:
        asked: dict[str, Json] = {"language": language, "hints": [*hints]}
        frame = await self._worker.call("transcribe", asked, pcm, deadline=deadline)
        body = Fields(frame.body)
        return Transcript(
            text=body.text("text"),
            avg_logprob=body.real("avg_logprob", 0.0),
            no_speech_prob=body.real("no_speech_prob", 0.0),
            audio_seconds=body.real("audio_seconds", 0.0),
            compute_seconds=body.real("compute_seconds", 0.0),
            reason=body.text("reason", ""),
            language=body.text("language", ""),
        )


class WorkerListener:
    """Listener over `laresd.engines.listen`, for one of the streams that the worker follows."""

    def __init__(
        self, worker: Worker, *, stream: str = "", words: Mapping[str, float] | None = None
    ) -> None:
        """`words`: those that are listened for, each with its sensitivity from 0 to 1; None: all
        that the worker has, at normal sensitivity.
        """
        self._worker = worker
        self._body: dict[str, Json] = {"stream": stream}
        if words is not None:
            self._body["words"] = dict(words)

    async def hear(self, pcm: bytes) -> Sequence[Heard]:
        frame = await self._worker.call("hear", self._body, pcm, deadline=_soon())
        return [
            Heard(
                HeardKind(row.text("kind")),
                row.integer("sample"),
                row.real("score"),
                row.text("name", ""),
            )
            for row in Fields(frame.body).rows("heard")
        ]

    async def reset(self) -> None:
        await self._worker.call("reset", self._body, deadline=_soon())

    async def close(self) -> None:
        await self._worker.call("close", self._body, deadline=_soon())


class WorkerSynthesizer:
    """StreamingSynthesizer over `laresd.engines.speech`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        frame = await self._worker.call(
            "synthesize", {"text": text, "language": language}, deadline=deadline
        )
        return frame.payload

    async def stream(
        self, text: str, *, language: str, timeout_s: float
    ) -> AsyncGenerator[bytes, None]:
        """Each piece is a request of its own: whoever plays one keeps nobody from the voice."""
        frame = await self._worker.call("cut", {"text": text}, deadline=_soon(timeout_s))
        for piece in Fields(frame.body).rows("pieces"):
            said, pause = piece.text("text"), piece.real("pause")
            pcm = await self.synthesize(said, language=language, deadline=_soon(timeout_s))
            yield pcm + bytes(2 * int(pause * SAMPLE_RATE))


class WorkerLanguageModel:
    """LanguageModel over `laresd.engines.llm`, which orders requests by their priority itself."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._patient = asyncio.Semaphore(PATIENT_AT_ONCE)

    async def generate(
        self, generation: Generation, *, deadline: float
    ) -> AsyncGenerator[Piece, None]:
        """The answer in pieces. A worker that dies after the first piece costs the answer."""
        body: dict[str, Json] = {
            **_prompt(generation),
            "grammar": _grammar(generation.grammar),
            "tool_choice": str(generation.choice),
            "max_calls": generation.max_calls,
            "max_tokens": generation.max_tokens,
            "temperature": generation.temperature,
            "seed": generation.seed,
            "stop": list(generation.stop),
            "adapter": generation.adapter,
            "priority": str(generation.priority),
            "said": {"text": generation.said.text, "tokens": [*generation.said.tokens]},
        }
        async with (
            self._place(generation.priority, deadline),
            aclosing(self._worker.stream("generate", body, deadline=deadline)) as frames,
        ):
            async for frame in frames:
                fields = Fields(frame.body)
                if frame.op == "part":
                    yield Piece(fields.text("text"), fields.integers("tokens"))
                elif frame.op == "result":
                    yield Piece(fields.text("text", ""), ending=_ending(fields))

    async def ids(self, generation: Generation, *, deadline: float) -> tuple[int, ...]:
        frame = await self._worker.call("ids", _prompt(generation), deadline=deadline)
        return Fields(frame.body).integers("ids")

    async def hold(self, priority: Priority, seconds: float, *, deadline: float) -> None:
        body: dict[str, Json] = {"priority": str(priority), "seconds": seconds}
        await self._worker.call("hold", body, deadline=deadline)

    async def pace(self, share: float, *, deadline: float) -> None:
        body: dict[str, Json] = {"share": share}
        self._worker.keep("pace", "pace", body)
        await self._worker.call("pace", body, deadline=deadline)

    async def prepare(self, head: Sequence[Message], *, deadline: float) -> None:
        body: dict[str, Json] = {
            "messages": _rows(head),
            "priority": str(Priority.BACKGROUND),
            "keep": True,
        }
        async with self._place(Priority.BACKGROUND, deadline):
            await self._worker.call("prepare", body, deadline=deadline)

    async def anticipate(self, generation: Generation, *, deadline: float) -> None:
        body: dict[str, Json] = {
            "messages": _rows(generation.messages),
            "priority": str(generation.priority),
            "partial": True,
        }
        async with self._place(generation.priority, deadline):
            await self._worker.call("prepare", body, deadline=deadline)

    @asynccontextmanager
    async def _place(self, priority: Priority, deadline: float) -> AsyncIterator[None]:
        """Voice and people never wait behind a crowd of automations for the worker's attention."""
        if priority in (Priority.VOICE, Priority.INTERACTIVE):
            yield
            return
        try:
            async with asyncio.timeout_at(deadline):
                await self._patient.acquire()
        except TimeoutError:
            raise DeadlineExceeded("the language model had no time for it") from None
        try:
            yield
        finally:
            self._patient.release()


class WorkerEmbedder:
    """Embedder over `laresd.engines.llm` with the option `embeddings`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        frame = await self._worker.call("embed", {"texts": [*texts]}, deadline=deadline)
        body = Fields(frame.body)
        return Vectors(body.integer("width"), frame.payload, body.integer("cut"))


def _grammar(grammar: AnswerGrammar | None) -> Json:
    return {"kind": str(grammar.kind), "text": grammar.text} if grammar else None


def _prompt(generation: Generation) -> dict[str, Json]:
    tools: list[Json] = [
        {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
        for tool in generation.tools
    ]
    return {"messages": _rows(generation.messages), "prompt": generation.prompt, "tools": tools}


def _rows(messages: Sequence[Message]) -> list[Json]:
    return [
        {
            "role": str(message.role),
            "content": message.content,
            "calls": [_call(call) for call in message.calls],
            "call": message.call,
        }
        for message in messages
    ]


def _call(call: ToolCall) -> Json:
    return {"name": call.name, "arguments": dict(call.arguments), "id": call.id}


def _ending(fields: Fields) -> Ending:
    calls = tuple(
        ToolCall(row.text("name"), row.mapping("arguments")) for row in fields.rows("calls")
    )
    return Ending(
        Finish(fields.text("finish")),
        calls,
        prompt_tokens=fields.integer("prompt"),
        cached_tokens=min(fields.integer("reused"), fields.integer("prompt")),
        answer_tokens=fields.integer("answer"),
        where=LOCAL,
    )


class WorkerGrammar:
    """Grammar over `laresd.engines.grammar`; what it learned is taught again after a restart."""

    def __init__(self, worker: Worker, *, learn_timeout_s: float = 30.0) -> None:
        self._worker = worker
        self._learn_timeout = learn_timeout_s

    async def learn(self, home: Home, language: str) -> None:
        body: dict[str, Json] = {
            "language": language,
            "areas": list(home.areas),
            "floors": list(home.floors),
            "entities": [_entity(entity) for entity in home.entities.values()],
        }
        self._worker.keep(f"learn {language}", "learn", body)
        await self._worker.call("learn", body, deadline=_soon(self._learn_timeout))

    async def recognize(
        self, text: str, *, language: str, area: str | None, deadline: float
    ) -> Sequence[Recognition]:
        body: dict[str, Json] = {"text": text, "language": language, "area": area}
        frame = await self._worker.call("recognize", body, deadline=deadline)
        return [
            Recognition(row.text("intent"), _slots(row))
            for row in Fields(frame.body).rows("recognitions")
        ]


def _entity(entity: Entity) -> dict[str, Json]:
    return {
        "entity_id": entity.entity_id,
        "name": entity.name,
        "domain": entity.domain,
        "area": entity.area,
        "aliases": list(entity.aliases),
        "device_class": entity.device_class,
    }


def _slots(row: Fields) -> Mapping[str, Scalar]:
    slots: dict[str, Scalar] = {}
    for name, value in row.mapping("slots").items():
        if isinstance(value, (list, dict)):
            raise Permanent(f"the grammar gave a slot {name!r} that is no plain value")
        slots[name] = value
    return slots


def _soon(seconds: float = HEAR_TIMEOUT) -> float:
    return asyncio.get_running_loop().time() + seconds
