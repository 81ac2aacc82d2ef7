"""llama.cpp's own programs as people run them: llama-bench, and llama-server over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from laresd.backends.workers.process import CALM
from laresd.backends.workers.specs import LLAMA_ENVIRONMENT
from laresd.types import Json
from tests.bench.llm.build import CACHE

START_S = 120.0
ANSWER_S = 1800.0
GREEDY: dict[str, Json] = {"temperature": 0.0, "samplers": ["top_k"], "top_k": 1}
WAITING: dict[str, dict[str, str]] = {"spinning": {}, "calm": CALM}  # how its threads wait


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the programs are run. `waiting`: of threads for each other (WAITING). `flash`: how
    attention is computed, "on", "off", or for llama-bench "on,off": the faster of both.
    """

    waiting: str = "calm"
    flash: str = "on"


@dataclass(frozen=True, slots=True)
class Speeds:
    """Tokens a second."""

    prefill: float
    decode: float


@dataclass(frozen=True, slots=True)
class LlamaBench:
    """llama-bench of one model."""

    program: Path
    model: Path
    threads: int

    def run(self, tuning: Tuning, *, prefill: int, decode: int, behind: int = 0) -> Speeds:
        """One repetition of `pp<prefill>` and `tg<decode>` (0: left out, its speed is 0), `behind`
        so many tokens.
        """
        command = [str(self.program / "llama-bench"), "-m", str(self.model), "-p", str(prefill)]
        command += ["-n", str(decode), "-d", str(behind), "-r", "1", "-t", str(self.threads)]
        command += ["-fa", tuning.flash, "-lm", "none", "-o", "json"]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, env=_environment(tuning.waiting)
        )
        rows: list[dict[str, float]] = json.loads(done.stdout)
        return Speeds(
            prefill=max((row["avg_ts"] for row in rows if row["n_prompt"]), default=0.0),
            decode=max((row["avg_ts"] for row in rows if row["n_gen"]), default=0.0),
        )

    def best(self, behind: int) -> Tuning:
        """What is fastest here: how threads wait first, then how attention is computed `behind` so
        many tokens.
        """
        waiting = self._fastest([Tuning(waiting) for waiting in WAITING], 0)
        return self._fastest([replace(waiting, flash=flash) for flash in ("on", "off")], behind)

    def _fastest(self, tunings: Sequence[Tuning], behind: int) -> Tuning:
        """By the geometric mean of both speeds."""
        found = {
            tuning: self.run(tuning, prefill=32, decode=16, behind=behind) for tuning in tunings
        }
        for tuning, speeds in found.items():
            shown = f"prefill {speeds.prefill:.1f}, decode {speeds.decode:.1f} tok/s"
            print(f"bench: llama-bench behind {behind} tokens, {tuning}: {shown}", flush=True)
        return max(found, key=lambda tuning: found[tuning].prefill * found[tuning].decode)


@dataclass
class Completion:
    """What llama-server answered. `tokens`: decoded; `read`: of the prompt, not from its cache."""

    seconds: float = 0.0
    text: str = ""
    tokens: int = 0
    read: int = 0


@dataclass
class Running:
    """A request that another thread waits for."""

    connection: http.client.HTTPConnection
    thread: threading.Thread
    result: Completion = field(default_factory=Completion)

    def wait(self) -> Completion:
        self.thread.join()
        return self.result

    def cancel(self) -> None:
        """Hang up, which ends the request at the server."""
        if self.connection.sock is not None:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join()


class LlamaServer:
    """One llama-server with `slots` of `cells` tokens each; ended when the block is left."""

    def __init__(self, bench: LlamaBench, tuning: Tuning, *, cells: int, slots: int) -> None:
        self._port = _free_port()
        self._environment = _environment(tuning.waiting)
        self._command = [str(bench.program / "llama-server"), "-m", str(bench.model)]
        self._command += ["--host", "127.0.0.1", "--port", str(self._port)]
        self._command += ["-t", str(bench.threads), "-np", str(slots), "-fa", tuning.flash]
        self._command += ["-c", str(cells * slots), "-lm", "none", "--no-ui", "--offline"]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        log = CACHE / "llama-server.log"
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                self._command, stdout=file, stderr=subprocess.STDOUT, env=self._environment
            )
        deadline = time.monotonic() + START_S
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._end()
                raise RuntimeError(f"llama-server did not start; see {log}")
            time.sleep(0.1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def ask(
        self, prompt: Sequence[int], max_tokens: int, more: Mapping[str, Json] | None = None
    ) -> Completion:
        """A greedy completion of these token ids, with the head that is in the cache."""
        return self.submit(prompt, max_tokens, more).wait()

    def submit(
        self, prompt: Sequence[int], max_tokens: int, more: Mapping[str, Json] | None = None
    ) -> Running:
        """The same, without waiting. `more`: options of the request, e.g. `id_slot`."""
        body = {"prompt": list(prompt), "n_predict": max_tokens, **GREEDY, **(more or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_S)
        result = Completion()
        thread = threading.Thread(target=_complete, args=(connection, json.dumps(body), result))
        thread.start()
        return Running(connection, thread, result)

    def _healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5.0)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _complete(connection: http.client.HTTPConnection, body: str, result: Completion) -> None:
    """Fill `result`; what was hung up leaves it empty."""
    begun = time.perf_counter()
    try:
        connection.request("POST", "/completion", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
    except (OSError, http.client.HTTPException):
        return
    finally:
        connection.close()
    result.seconds = time.perf_counter() - begun
    if response.status != http.HTTPStatus.OK:
        raise RuntimeError(f"llama-server: {text.decode(errors='replace')[:400]}")
    answer = cast("dict[str, Json]", json.loads(text))
    timings = cast("dict[str, int]", answer["timings"])
    result.text, result.tokens = str(answer["content"]), timings["predicted_n"]
    result.read = timings["prompt_n"]


def _environment(waiting: str) -> dict[str, str]:
    without = {
        name: value for name, value in os.environ.items() if name not in CALM | LLAMA_ENVIRONMENT
    }
    return {**without, **WAITING[waiting]}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
