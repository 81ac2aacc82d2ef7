"""A speech server of the Wyoming protocol: what it is asked, and what it may do wrong."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from laresd.backends.hosts.wyoming import WyomingHost
from laresd.config import HostSettings
from laresd.errors import ConfigError, DeadlineExceeded, LaresError, Permanent, Temporary
from laresd.generation import Generation
from laresd.jobs import HostCosts, HostFacts, HostKind, JobKind
from laresd.sound import level_dbfs
from laresd.types import SAMPLE_RATE, Json
from tests.fakes.audio import speech
from tests.fakes.wyoming_host import (
    MS_PER_LETTER,
    SENTENCE,
    VOICES,
    Failure,
    FakeWyoming,
    artifact,
    info,
    send,
)

MAC = "3c:7c:3f:00:a1:b2"


def soon() -> float:
    return asyncio.get_running_loop().time() + 60


@pytest.fixture
async def server() -> AsyncIterator[FakeWyoming]:
    async with FakeWyoming().serving() as serving:
        yield serving


def host(server: FakeWyoming, model: str = "") -> WyomingHost:
    return WyomingHost("tower", HostSettings(url=server.url, kind="wyoming", model=model))


async def test_a_probe_says_what_the_server_can_do(server: FakeWyoming) -> None:
    facts = await host(server).probe(deadline=soon())
    assert facts == HostFacts(
        HostKind.WYOMING,
        frozenset({JobKind.TRANSCRIBE, JobKind.SPEAK}),
        models=("tiny", "amy", "thorsten"),
        model="tiny",
        round_trip_s=facts.round_trip_s,
    )
    assert 0 < facts.round_trip_s < 60


@pytest.mark.parametrize(
    ("offer", "jobs"),
    [
        (info([], VOICES), {JobKind.SPEAK}),
        (info([artifact("tiny", "en")], []), {JobKind.TRANSCRIBE}),
        (info([artifact("tiny", "en", installed=False)], []), set[JobKind]()),
        ({}, set[JobKind]()),
        ({"asr": [{"models": [{"name": "bare"}]}]}, {JobKind.TRANSCRIBE}),
    ],
    ids=["voices", "ears", "nothing installed", "nothing", "only names"],
)
async def test_only_what_is_installed_counts(offer: dict[str, Json], jobs: set[JobKind]) -> None:
    async with FakeWyoming(offer=offer).serving() as server:
        assert (await host(server).probe(deadline=soon())).jobs == jobs


@pytest.mark.parametrize(
    "offer",
    [
        {"asr": "whisper"},
        {"asr": [7]},
        {"tts": [{"voices": [{"name": 7}]}]},
        {"asr": [{"models": 1}]},
    ],
)
async def test_an_offer_that_is_none_is_said(offer: dict[str, Json]) -> None:
    async with FakeWyoming(offer=offer).serving() as server:
        with pytest.raises(Temporary, match="the host tower sends what is no answer: field"):
            await host(server).probe(deadline=soon())


async def test_what_the_server_offers_is_asked_once(server: FakeWyoming) -> None:
    speaking = host(server)
    for _ in range(3):
        await speaking.transcribe(speech(320), language="en", deadline=soon())
    kinds = [kind for kind, _ in server.requests]
    assert kinds.count("describe") == 3  # nobody has probed it
    await speaking.probe(deadline=soon())
    server.requests.clear()
    await speaking.transcribe(speech(320), language="en", deadline=soon())
    assert "describe" not in [kind for kind, _ in server.requests]


@pytest.mark.parametrize(
    ("language", "asked"), [("en", "en"), ("en-GB", "en"), ("zh-CN", "zh"), ("de", "de")]
)
async def test_the_language_is_written_as_the_server_writes_it(
    server: FakeWyoming, language: str, asked: str
) -> None:
    await host(server).transcribe(speech(320), language=language, deadline=soon())
    assert server.data("transcribe") == {"name": "tiny", "language": asked}
    assert server.data("audio-start") == {"rate": 16000, "width": 2, "channels": 1, "timestamp": 0}


TWO_EARS = info([artifact("small-en", "en"), artifact("large", "en", "de")], [])


@pytest.mark.parametrize(
    ("model", "language", "asked"),
    [
        ("", "en", "small-en"),
        ("", "de", "large"),
        ("large", "en", "large"),
        ("x", "en", "small-en"),
    ],
)
async def test_the_ear_is_chosen_by_its_name_and_by_the_language(
    model: str, language: str, asked: str
) -> None:
    async with FakeWyoming(offer=TWO_EARS).serving() as server:
        await host(server, model).transcribe(speech(320), language=language, deadline=soon())
        assert server.data("transcribe")["name"] == asked


MANY_VOICES = info(
    [], [artifact("ryan", "en_US"), artifact("amy", "en_GB"), artifact("huayan", "zh_CN")]
)


@pytest.mark.parametrize(
    ("language", "asked"),
    [("en", "ryan"), ("en-GB", "amy"), ("en-AU", "ryan"), ("zh-CN", "huayan")],
)
async def test_the_voice_speaks_the_language_of_the_country_where_there_is_one(
    language: str, asked: str
) -> None:
    async with FakeWyoming(offer=MANY_VOICES).serving() as server:
        await host(server).synthesize("Done.", language=language, deadline=soon())
        assert server.data("synthesize") == {"text": "Done.", "voice": {"name": asked}}


async def test_a_language_that_is_to_be_found_is_left_to_the_server(server: FakeWyoming) -> None:
    heard = await host(server).transcribe(speech(320), language="auto", deadline=soon())
    assert server.data("transcribe") == {"name": "tiny"}
    assert heard.language == "en"  # as it answered


async def test_names_that_may_be_said_are_told_to_the_server(server: FakeWyoming) -> None:
    hints = ("Zoe", "Office")
    await host(server).transcribe(speech(320), language="en", deadline=soon(), hints=hints)
    assert server.data("transcribe")["transcript_names"] == ["Zoe", "Office"]


async def test_a_model_that_does_not_say_its_languages_is_asked_anyway() -> None:
    bare: dict[str, Json] = {"asr": [{"models": [{"name": "bare"}]}]}
    async with FakeWyoming(offer=bare).serving() as server:
        await host(server).transcribe(speech(320), language="de-AT", deadline=soon())
        assert server.data("transcribe") == {"name": "bare", "language": "de"}


async def test_a_language_that_it_does_not_have_is_said(server: FakeWyoming) -> None:
    with pytest.raises(Permanent, match="the host tower does not speak fr"):
        await host(server).synthesize("Bonjour.", language="fr", deadline=soon())
    with pytest.raises(Permanent, match="thorsten of the host tower does not speak en"):
        await host(server, "thorsten").synthesize("Done.", language="en", deadline=soon())


async def test_what_it_has_no_model_for_is_said() -> None:
    async with FakeWyoming(offer=info([], VOICES)).serving() as server:
        with pytest.raises(Permanent, match="the host tower does not transcribe"):
            await host(server).transcribe(speech(320), language="en", deadline=soon())


async def test_it_has_nothing_to_do_with_text_and_pictures(server: FakeWyoming) -> None:
    speaking = host(server)
    with pytest.raises(Permanent, match="does not write"):
        async for _ in speaking.generate(Generation(), deadline=soon()):
            pass
    with pytest.raises(Permanent, match="does not embed"):
        await speaking.embed(["a"], deadline=soon())
    with pytest.raises(Permanent, match="does not draw"):
        await speaking.draw("a", width=64, height=64, deadline=soon())
    assert server.requests == []


@pytest.mark.parametrize(
    ("rate", "width", "channels"),
    [(22_050, 2, 1), (16_000, 2, 1), (24_000, 2, 2), (48_000, 4, 1), (8_000, 3, 1)],
)
async def test_sound_of_any_format_becomes_the_box_s_own(
    rate: int, width: int, channels: int
) -> None:
    async with FakeWyoming(rate=rate, width=width, channels=channels).serving() as server:
        pcm = await host(server).synthesize(SENTENCE, language="en", deadline=soon())
    seconds = len(SENTENCE) * MS_PER_LETTER / 1000
    assert len(pcm) / 2 / SAMPLE_RATE == pytest.approx(seconds, abs=0.01)
    assert level_dbfs(pcm) == pytest.approx(-20.8, abs=0.5)  # of a constant 3000 in 32768


@pytest.mark.parametrize(
    "form",
    [
        {"rate": 0, "width": 2, "channels": 1},
        {"rate": 10**9, "width": 2, "channels": 1},
        {"rate": 16000, "width": 5, "channels": 1},
        {"rate": 16000, "width": 2, "channels": 0},
        {"rate": "fast", "width": 2, "channels": 1},
        {},
    ],
)
async def test_sound_that_cannot_be_is_no_answer(
    server: FakeWyoming, form: dict[str, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def speak(writer: asyncio.StreamWriter, text: str) -> None:
        await send(writer, "audio-chunk", form, b"\x00" * 64)

    monkeypatch.setattr(server, "_speak", speak)
    with pytest.raises(Temporary, match="the host tower sends what is no answer"):
        await host(server).synthesize("Done.", language="en", deadline=soon())


async def test_sound_whose_format_changes_is_no_answer(
    server: FakeWyoming, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def speak(writer: asyncio.StreamWriter, text: str) -> None:
        for rate in (16_000, 22_050):
            await send(
                writer, "audio-chunk", {"rate": rate, "width": 2, "channels": 1}, b"\x00" * 64
            )

    monkeypatch.setattr(server, "_speak", speak)
    with pytest.raises(Temporary, match="sound whose format changes"):
        await host(server).synthesize("Done.", language="en", deadline=soon())


# What may go wrong in the middle.

FAILURES: list[tuple[Failure, str]] = [
    (Failure.CLOSES, "the host tower broke off in the middle of its answer"),
    (Failure.RESETS, "the host tower broke off|the connection to the host tower was lost"),
    (Failure.GARBAGE, "the host tower sends what is no answer: no event of Wyoming"),
    (Failure.NO_OBJECT, "the host tower sends what is no answer"),
    (Failure.ERROR, r"the host tower failed: CUDA out of memory \(see log\)$"),
    (Failure.BLIND, "the host tower sends what is no answer"),
    (Failure.ENDLESS_LINE, "the host tower sends what is no answer"),
    (Failure.HUGE_PAYLOAD, "an event with payload_length 99999999999"),
    (Failure.NEGATIVE, "an event with payload_length -1"),
]

Asking = Callable[[WyomingHost, float], Awaitable[object]]
ASKING: list[Asking] = [
    lambda host, deadline: host.transcribe(speech(960), language="en", deadline=deadline),
    lambda host, deadline: host.synthesize(SENTENCE, language="en", deadline=deadline),
]


@pytest.mark.parametrize("ask", ASKING, ids=["transcribe", "synthesize"])
@pytest.mark.parametrize(("failure", "said"), FAILURES, ids=[str(one) for one, _ in FAILURES])
async def test_a_server_that_fails_is_a_temporary_failure_with_words(
    server: FakeWyoming, failure: Failure, said: str, ask: Asking
) -> None:
    server.failure = failure
    with pytest.raises(Temporary, match=said):
        await ask(host(server), soon())


@pytest.mark.parametrize("ask", ASKING, ids=["transcribe", "synthesize"])
async def test_a_server_that_hangs_costs_no_more_than_the_deadline(
    server: FakeWyoming, ask: Asking
) -> None:
    server.failure = Failure.HANGS
    with pytest.raises(DeadlineExceeded, match="the host tower did not answer in time"):
        await ask(host(server), asyncio.get_running_loop().time() + 0.1)
    async with asyncio.timeout(60):
        await server.left.wait()


async def test_a_host_that_swallows_connections_is_given_up_soon() -> None:
    """A listener whose queue is full, as a machine that was suspended leaves it."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            with pytest.raises(BlockingIOError):
                filler.connect(listener.getsockname())
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        swallowed = WyomingHost("tower", HostSettings(url=url))
        with pytest.raises(Temporary, match="the host tower does not answer"):
            await swallowed.probe(deadline=soon())


# Settings.


@pytest.mark.parametrize(
    "url", ["", "http://127.0.0.1:10300", "tcp://127.0.0.1", "tcp://:1", "tcp://a:99999", "tcp://["]
)
def test_an_address_that_is_none_is_said_with_an_example(url: str) -> None:
    with pytest.raises(Permanent, match=r"hosts\.tower\.url") as raised:
        WyomingHost("tower", HostSettings(url=url))
    assert "tcp://192.168.1.20:10300" in str(raised.value)


def test_a_network_card_that_is_none_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match="not the address of a network card"):
        WyomingHost("tower", HostSettings(url="tcp://127.0.0.1:1", mac="tower"))


def test_what_the_operator_says_of_it_is_known() -> None:
    settings = HostSettings(
        url="tcp://127.0.0.1:1",
        watts=200.0,
        price=0.1,
        mac=MAC,
        wake_s=40.0,
        rest_after_s=600.0,
        rest_command=("true",),
    )
    speaking = WyomingHost("tower", settings)
    assert (speaking.name, speaking.costs) == ("tower", HostCosts(200.0, 0.1, 40.0, 600.0))
    bare = WyomingHost("tower", HostSettings(url="tcp://127.0.0.1:1", rest_after_s=600.0))
    assert (bare.costs.wake_s, bare.costs.rest_after_s) == (None, 0.0)


async def test_it_is_woken_and_put_to_sleep_as_any_host(server: FakeWyoming) -> None:
    settings = HostSettings(url=server.url, rest_command=("false",))
    speaking = WyomingHost("tower", settings)
    with pytest.raises(LaresError, match="cannot be woken"):
        await speaking.wake()
    with pytest.raises(Temporary, match="failed with status 1"):
        await speaking.rest()
