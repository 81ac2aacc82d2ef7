"""Real servers of llama.cpp on loopback, with the GGUF of a wheel."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from laresd.engines.llm.loading import embedded_model

LLAMA_SERVER = Path.home() / ".cache/lares-bench/build/llama_cpp_python-0.3.36/bin/llama-server"
START_S = 120.0
THREADS = 2


@dataclass(frozen=True, slots=True)
class RealServer:
    """`process` is the server itself, for those who kill or stop it."""

    url: str
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def llama_server(*arguments: str, slots: int = 2, context: int = 1024) -> Iterator[RealServer]:
    """llama-server, with `context` tokens in each slot. Skips the test where it is not built."""
    if not LLAMA_SERVER.exists():
        pytest.skip(f"llama-server is not built at {LLAMA_SERVER} (make bench-llm builds it)")
    command = [str(LLAMA_SERVER), "-m", str(embedded_model()), "-t", str(THREADS)]
    command += ["-np", str(slots), "-c", str(context * slots), "--no-ui", "--offline", "--metrics"]
    with _running([*command, *arguments], "/health") as server:
        yield server


@contextlib.contextmanager
def llama_cpp_server(*arguments: str, context: int = 1024) -> Iterator[RealServer]:
    """llama_cpp.server of llama-cpp-python, in this Python. Skips the test where it lacks parts."""
    if importlib.util.find_spec("uvicorn") is None:
        pytest.skip("llama-cpp-python[server] is not installed (make setup)")
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(embedded_model())]
    command += ["--n_threads", str(THREADS), "--n_ctx", str(context)]
    with _running([*command, *arguments], "/v1/models") as server:
        yield server


@contextlib.contextmanager
def _running(command: Sequence[str], path: str) -> Iterator[RealServer]:
    port = _free_port()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            ["nice", "-n", "10", *command, "--host", "127.0.0.1", "--port", str(port)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={name: value for name, value in os.environ.items() if "LLAMA" not in name},
        )
        try:
            _wait(f"http://127.0.0.1:{port}{path}", process, log)
            yield RealServer(f"http://127.0.0.1:{port}", process)
        finally:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(url):
            return
        time.sleep(0.1)
    log.seek(0)
    raise RuntimeError(f"the server did not start: {log.read()[-2000:].decode(errors='replace')}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5.0) as answer:
            return int(answer.status) == 200
    except OSError:  # HTTPError and URLError are
        return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
