"""`make bench-mqtt`: 200 devices and 50 requests a second for a minute, over one Mosquitto.

The daemon, the devices, the broker and the askers are processes of their own; the daemon has its
default limits, no sound and no language model: every sentence is the grammar's. The askers are 50
clients that ask at their times whether the answers come or not, so a stall is in the figures. An
answer counts when its device confirmed the action: its own 50 ms are part of each figure.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import subprocess
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from laresd.backends.broker.client import MqttBus
from laresd.config import Mqtt
from laresd.ports import Subscription
from laresd.types import Json
from tests.bench import many_devices
from tests.bench.idle import tree
from tests.bench.results import Row, record
from tests.bench.shared import percentile
from tests.contract.brokers import Mosquitto, mosquitto

COMMAND = "make bench-mqtt"
DEVICES, CLIENTS = 200, 50
PATIENCE = 60.0  # seconds for the start, and for the last answers
WARM = 50  # requests before the clock starts
ANSWERS = "bench/answers"


@dataclass
class Asked:
    """When each request should have gone out, and what came of it (seconds of the loop)."""

    due: dict[str, float] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    stages: list[Json] = field(default_factory=list)
    twice: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, answers: Subscription) -> None:
        loop = asyncio.get_running_loop()
        async for message in answers:
            number = message.correlation.decode()
            answer: dict[str, Json] = json.loads(message.payload)
            self.twice += number in self.told
            self.told[number] = loop.time()
            error = answer.get("error")
            code = error["code"] if isinstance(error, dict) else answer["kind"]
            self.kinds[number] = str(code)
            self.stages.append(answer.get("spans"))
            self.news.set()

    async def all_told(self) -> None:
        while len(self.told) < len(self.due):
            self.news.clear()
            await self.news.wait()

    def medians(self) -> str:
        """Of each stage that the answers name."""
        took: dict[str, list[float]] = defaultdict(list)
        for spans in self.stages:
            for span in spans if isinstance(spans, list) else []:
                if isinstance(span, dict) and isinstance(span["ms"], (int, float)):
                    took[str(span["name"])].append(span["ms"])
        return ", ".join(f"{name} {percentile(ms, 0.5):.0f}" for name, ms in sorted(took.items()))

    def milliseconds(self) -> list[float]:
        return [1000 * (at - self.due[number]) for number, at in self.told.items()]


@dataclass
class Load:
    """Sentences for the devices in turn: each is switched on, a round later off, and so on."""

    bus: MqttBus
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def ask(self, requests: int, rate: float) -> Asked:
        """So many a second, and their answers, of which the last may take PATIENCE."""
        asked, answers = Asked(), self.bus.subscribe(ANSWERS)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(asked.listen(answers))
            await self._publish(asked, requests, rate)
            try:
                async with asyncio.timeout(PATIENCE):
                    await asked.all_told()
            except TimeoutError:
                print("not every answer came", file=sys.stderr)
            answers.close()
            await listening
        return asked

    async def _publish(self, asked: Asked, requests: int, rate: float) -> None:
        """Each at its time, whether the ones before it were answered or not."""
        loop = asyncio.get_running_loop()
        names, begun = many_devices.names(DEVICES), loop.time()
        async with asyncio.TaskGroup() as group:
            for count in range(requests):
                due = begun + count / rate
                await asyncio.sleep(due - loop.time())
                number = next(self.numbers)
                name, _ = names[number % DEVICES]
                word = "off" if number // DEVICES % 2 else "on"
                asked.due[str(number)] = due
                group.create_task(self._ask(number, f"turn {word} the {name.lower()}"))

    async def _ask(self, number: int, text: str) -> None:
        await self.bus.publish(
            f"lares/lares/from/client{number % CLIENTS}/ask",
            json.dumps({"text": text, "id": f"bench-{number}", "deadline_s": 30}),
            response_topic=ANSWERS,
            correlation=str(number).encode(),
        )


@asynccontextmanager
async def program(*command: str, until: str) -> AsyncIterator[Process]:
    """A process, from the line that says that it is ready, to its end."""
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            line = last = b""
            while until.encode() not in line:
                line, last = await process.stdout.readline(), line
                if not line:
                    sys.exit(f"{command} ended before it was ready: {last.decode()}")
        async with asyncio.TaskGroup() as group:
            drain = group.create_task(process.stdout.read())
            yield process
            process.terminate()
            await drain
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def on_the_broker(port: int) -> AsyncIterator[MqttBus]:
    async with MqttBus(Mqtt(port=port), box="bench") as bus, asyncio.TaskGroup() as group:
        running = group.create_task(bus.run())
        await bus.wait_connected(deadline=asyncio.get_running_loop().time() + PATIENCE)
        yield bus
        running.cancel()


def settings(folder: Path, port: int) -> Path:
    file = folder / "lares.toml"
    file.write_text(
        f'[box]\nstate_dir = "{folder}"\n[mqtt]\nport = {port}\nembedded = "never"\n'
        "[audio]\nenabled = false\n[llm]\nenabled = false\n[http]\nenabled = false\n"
        "[scheduler]\ndiscover = false\n",
        encoding="utf-8",
    )
    return file


def spent(pid: int) -> tuple[float, float]:
    """CPU seconds and resident MB of a process and all below it."""
    cpu, pages = 0.0, 0
    for one in tree(pid):
        stat = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        cpu += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        pages += int(Path(f"/proc/{one}/statm").read_text().split()[1])
    return cpu, pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def measure(seconds: float, rate: float) -> tuple[Asked, float, float]:
    """What came of the requests, the daemon's CPU share (percent of a core) and memory (MB)."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = Mosquitto(folder, "allow_anonymous true\nmax_queued_messages 0")
        await broker.start()
        stack.push_async_callback(broker.stop)
        devices = (sys.executable, "-m", "tests.bench.many_devices", "--port", str(broker.port))
        enter = stack.enter_async_context
        await enter(program(*devices, "--count", str(DEVICES), until="ready"))
        file = str(settings(folder, broker.port))
        laresd = str(Path(sys.executable).with_name("laresd"))
        daemon = await enter(program(laresd, "--config", file, until="ready:"))
        bus = await enter(on_the_broker(broker.port))
        load = Load(bus)
        warm = await load.ask(WARM, 10)
        if set(warm.kinds.values()) != {"done"}:
            print(f"while warming up: {sorted(warm.kinds.values())}", file=sys.stderr)
        before, _ = spent(daemon.pid)
        asked = await load.ask(round(seconds * rate), rate)
        after, memory = spent(daemon.pid)
        return asked, 100 * (after - before) / seconds, memory


def main() -> None:
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--dry", action="store_true", help="record nothing")
    arguments = parser.parse_args()
    if mosquitto() is None:
        sys.exit("mosquitto is not installed (apt install mosquitto)")
    asked, cpu, memory = asyncio.run(measure(arguments.seconds, arguments.rate))
    took = asked.milliseconds()
    kinds = {kind: list(asked.kinds.values()).count(kind) for kind in set(asked.kinds.values())}
    lost = len(asked.due) - len(asked.told)
    note = (
        f"{len(asked.due)} requests of {CLIENTS} clients in {arguments.seconds:.0f} s, {DEVICES} "
        f"devices that take {1000 * many_devices.REPLY_S:.0f} ms to confirm; longest "
        f"{max(took):.0f} ms; medians by stage: {asked.medians()}; daemon and workers: "
        f"{cpu:.0f} % of a core, {memory:.0f} MB; "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    wrong = len(asked.told) - kinds.get("done", 0)
    if arguments.dry:
        print(percentile(took, 0.5), percentile(took, 0.99), lost, asked.twice, kinds, note)
        return
    record(
        [
            Row("home/mqtt_answer_p50_ms", round(percentile(took, 0.5), 1), "", COMMAND, note=note),
            Row("home/mqtt_answer_p99_ms", round(percentile(took, 0.99), 1), "", COMMAND),
            Row("home/mqtt_lost_requests", lost, "0", COMMAND, note=f"answers: {kinds}"),
            Row("home/mqtt_not_done_requests", wrong, "0", COMMAND),
            Row("home/mqtt_answered_twice", asked.twice, "0", COMMAND),
        ]
    )


if __name__ == "__main__":
    main()
