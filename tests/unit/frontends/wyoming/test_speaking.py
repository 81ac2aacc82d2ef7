"""Text of clients as sound: at once, or while it is being written."""

from __future__ import annotations

import asyncio

from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeTextFormat,
    SynthesizeVoice,
)

from laresd.errors import Temporary
from laresd.frontends.wyoming import Limits
from tests.fakes.audio import speech
from tests.unit.frontends.wyoming.served import a_server, next_event, until


async def test_a_text_is_one_stretch_of_sound() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(Synthesize("Good morning. It is seven.").event())
        events = await until(client, "audio-stop")
        assert events[0].data == {"rate": 16_000, "width": 2, "channels": 1, "timestamp": 0}
        sound = b"".join(event.payload or b"" for event in events[1:-1])
        assert sound == speech(13 * 50) + speech(12 * 50)
        assert server.synthesizer.spoken == ["Good morning.", "It is seven."]
        assert events[-1].data["timestamp"] == len(sound) // 32


async def test_each_sentence_is_spoken_while_the_next_is_written() -> None:
    async with a_server() as server, server.client() as client:
        await client.write_event(SynthesizeStart().event())
        for text in ("Good mor", "ning. It is 7", ".5 degrees"):
            await client.write_event(SynthesizeChunk(text).event())
        await until(client, "audio-stop")
        assert server.synthesizer.spoken == ["Good morning."]
        await client.write_event(Synthesize("Good morning. It is 7.5 degrees").event())  # for older
        await client.write_event(SynthesizeStop().event())
        events = await until(client, "synthesize-stopped")
        assert [event.type for event in events if event.type != "audio-chunk"] == [
            "audio-start",
            "audio-stop",
            "synthesize-stopped",
        ]
        assert server.synthesizer.spoken == ["Good morning.", "It is 7.5 degrees"]


async def test_a_voice_is_chosen_by_name_or_language() -> None:
    asked: list[str] = []
    async with a_server() as server, server.client() as client:

        async def synthesize(text: str, *, language: str, deadline: float) -> bytes:
            asked.append(language)
            return speech(100)

        server.synthesizer.synthesize = synthesize  # type: ignore[method-assign]
        for voice in (
            None,
            SynthesizeVoice(name="espeak-ng de"),
            SynthesizeVoice(language="de_DE"),
        ):
            await client.write_event(Synthesize("Hallo", voice).event())
            await until(client, "audio-stop")
        assert asked == ["en", "de", "de-DE"]
        await client.write_event(Synthesize("Hallo", SynthesizeVoice(name="amy")).event())
        error = await next_event(client)
        assert "there is no voice 'amy'" in error.data["text"]
        assert "espeak-ng de" in error.data["text"]


async def test_of_marked_up_text_the_words_are_said() -> None:
    async with a_server() as server, server.client() as client:
        text = "<speak>Salt &amp; <emphasis>pepper</emphasis></speak>"
        await client.write_event(Synthesize(text, None, SynthesizeTextFormat.SSML).event())
        await until(client, "audio-stop")
        assert " ".join(server.synthesizer.spoken[0].split()) == "Salt & pepper"


async def test_a_voice_that_fails_is_told_and_the_next_text_is_spoken() -> None:
    async with a_server() as server, server.client() as client:
        server.synthesizer.failures.append(Temporary("the voice died"))
        await client.write_event(SynthesizeStart().event())
        await client.write_event(SynthesizeChunk("One. ").event())
        assert (await until(client, "error"))[-1].data["text"] == "the voice died"
        await client.write_event(Synthesize("Two.").event())
        await until(client, "audio-stop")
        assert server.synthesizer.spoken == ["Two."]


async def test_text_is_bounded_however_it_comes() -> None:
    async with a_server(Limits(text=100)) as server, server.client() as client:
        await client.write_event(Synthesize("a" * 101).event())
        assert "more than 100 characters" in (await next_event(client)).data["text"]
        await client.write_event(SynthesizeStart().event())
        for _ in range(11):
            await client.write_event(SynthesizeChunk("a" * 10).event())
        assert "more than 100 characters" in (await until(client, "error"))[-1].data["text"]
        assert not server.synthesizer.spoken


async def test_parts_of_a_stream_that_was_not_begun_are_refused() -> None:
    async with a_server() as server, server.client() as client:
        for event in (SynthesizeChunk("x").event(), SynthesizeStop().event()):
            await client.write_event(event)
            assert "without synthesize-start" in (await next_event(client)).data["text"]


async def test_clients_are_served_side_by_side() -> None:
    async with a_server() as server:

        async def one(number: int) -> None:
            async with server.client() as client:
                await client.write_event(Synthesize(f"Number {number}.").event())
                await until(client, "audio-stop")

        async with asyncio.TaskGroup() as group:
            for number in range(8):
                group.create_task(one(number))
        assert len(server.synthesizer.spoken) == 8
