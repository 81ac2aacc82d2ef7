"""What a prompt's head costs: computed, read from the disk, and in the first command of a start."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from laresd.backends.workers import specs
from laresd.backends.workers.process import Spec
from laresd.config import Llm
from laresd.engines.llm.radix import shared_length
from laresd.engines.llm.sequence import Wanted
from laresd.engines.llm.store import PrefixStore, file_digest
from laresd.frames import Fields
from laresd.generation import Message
from laresd.types import Json
from tests.bench.llm import home
from tests.bench.llm.bench import Bench, median
from tests.bench.llm.engine import VOICE
from tests.bench.results import Row
from tests.fakes.workers import running, soon

CELLS = 2048
STORE_BYTES = 2_000_000_000
PATIENCE_S = 600.0


def stored_head(bench: Bench) -> list[Row]:
    """The engine alone: finding a head in the store and restoring it, over computing it."""
    computed, read, tokens = [], [], 0
    model = bench.model
    one, other = (model.prompt([home.head(), home.question(number)]) for number in (0, 1))
    head = one[: shared_length(one, other)]
    key = file_digest(bench.path)
    for number in range(bench.few):
        with tempfile.TemporaryDirectory() as folder:
            with model.engine(CELLS, PrefixStore(Path(folder), key, STORE_BYTES)) as engine:
                (asked,) = engine.ask(Wanted(head, VOICE, max_tokens=0, head=len(head), keep=True))
                computed.append(asked.seconds)
            with model.engine(CELLS, PrefixStore(Path(folder), key, STORE_BYTES)) as engine:
                begun = time.perf_counter()
                place, tokens, source = engine.prefixes.place(one, 1)
                read.append(time.perf_counter() - begun)
                engine.prefixes.release(place)
            assert source == "store", "the head was not kept"
        bench.say(
            f"stored_head {number + 1} of {bench.few}: {tokens} tokens, "
            f"{computed[-1]:.2f} s computed, {read[-1] * 1e3:.1f} ms read"
        )
    note = f"{median(read) * 1e3:.1f} ms against {median(computed):.2f} s, {tokens} tokens"
    value = round(median(read) / median(computed), 5)
    return [bench.row("stored_head_over_prefill", value, "<=0.01", note)]


def restart(bench: Bench) -> list[Row]:
    """The worker of the daemon, started on an empty and on a filled store in turn."""
    empty, filled, tokens = [], [], 0
    for number in range(bench.few):
        with tempfile.TemporaryDirectory() as folder:
            empty.append(asyncio.run(_first_command(bench, Path(folder), number)))
            tokens = asyncio.run(_keep_head(bench, Path(folder)))
            filled.append(asyncio.run(_first_command(bench, Path(folder), number)))
        bench.say(
            f"restart {number + 1} of {bench.few}: {empty[-1]:.2f} s on an empty store, "
            f"{filled[-1]:.3f} s on a filled one"
        )
    note = (
        f"{median(filled):.3f} s against {median(empty):.2f} s: loaded worker, head of {tokens} "
        "tokens, a call in JSON"
    )
    value = round(median(filled) / median(empty), 4)
    return [bench.row("first_command_after_restart_over_empty_store", value, "<=0.1", note)]


def worker_spec(bench: Bench, heads: Path | None, context: int = CELLS) -> Spec:
    settings = Llm(context=context, threads=bench.peer.threads, kept_heads_mb=2000)
    return specs.language_model(settings, str(bench.path), heads)


async def _first_command(bench: Bench, store: Path, number: int) -> float:
    """Seconds for the first command that a loaded worker is given."""
    messages = [_json(home.head()), _json(home.question(number))]
    body: dict[str, Json] = {
        "messages": messages,
        "priority": "voice",
        "grammar": {"kind": "json_schema", "text": home.text_schema()},
    }
    async with running(worker_spec(bench, store)) as worker:
        warm_up: dict[str, Json] = {"messages": [_json(home.question(0))], "max_tokens": 1}
        await worker.call("generate", warm_up, deadline=soon(PATIENCE_S))
        begun = time.perf_counter()
        await worker.call("generate", body, deadline=soon(PATIENCE_S))
        return time.perf_counter() - begun


async def _keep_head(bench: Bench, store: Path) -> int:
    """What the daemon does in the background when it has started; the head's tokens."""
    body: dict[str, Json] = {"messages": [_json(home.head())], "keep": True}
    async with running(worker_spec(bench, store)) as worker:
        frame = await worker.call("prepare", body, deadline=soon(PATIENCE_S))
        return Fields(frame.body).integer("head_tokens")


def _json(message: Message) -> Json:
    return {"role": str(message.role), "content": message.content}
