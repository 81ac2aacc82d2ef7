"""A process of its own for each file: what it may not do, and what becomes of the rest when it
breaks. Each case runs in a Python of its own, which forks as the engine does.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

FILTERED = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64"), reason="no filter for this machine"
)
CASE = """
import io, json, os, sys, time
from laresd.engines import worker
from laresd.engines.extract import apart
from laresd.errors import LaresError, Permanent
from laresd.frames import Frame

told = io.BytesIO()
call = worker.Call(Frame("extract", 1), worker.Channel(io.BytesIO(), told))
bounds = apart.Bounds(memory=512 << 20, seconds=60.0)

def work(told):
    {body}
    return worker.Answer({{"done": True}})

{before}
began = time.monotonic()
try:
    answer = apart.apart(work, bounds, call, "a.pdf")
    said = ["answer", answer.body, len(answer.payload)]
except LaresError as error:
    said = [type(error).__name__, error.message, error.remedy]
try:
    os.waitpid(-1, 0)
    left = True
except ChildProcessError:
    left = False
print(json.dumps([said, told.getvalue().decode(), left]))
"""


def outcome(body: str, before: str = "") -> tuple[list[object], str]:
    """What `apart` gave, and the frames that the daemon was sent."""
    code = CASE.format(body=body.replace("\n", "\n    "), before=before)
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    said, told, left = json.loads(ran.stdout.splitlines()[-1])
    assert not left, "a process was left behind"
    return said, told


def test_what_is_done_is_answered() -> None:
    said, _ = outcome("return worker.Answer({'n': 1}, b'x' * (20 << 20))")
    assert said == ["answer", {"n": 1}, 20 << 20]


def test_progress_is_handed_on() -> None:
    _, told = outcome("told({'page': 3, 'pages': 9})")
    assert json.loads(told.splitlines()[0])["body"] == {"page": 3, "pages": 9}


def test_an_error_is_the_error() -> None:
    said, _ = outcome("raise Permanent('it is locked', remedy='unlock it')")
    assert said == ["Permanent", "it is locked", "unlock it"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("def f(): f()\nf()", "nested too deeply"),
        ("raise KeyError('x')", "KeyError"),
        ("os.abort()", "damaged, or needs more than 512 MB to be read (SIGABRT)"),
        ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
        ("x = bytearray(600 << 20)", "needs more than 512 MB"),
        ("x = [bytes(1 << 20) for _ in range(600)]", "needs more than 512 MB"),
        ("os._exit(3)", "exit status 3"),
    ],
)
def test_what_breaks_it_costs_this_file_alone(body: str, message: str) -> None:
    said, _ = outcome(body)
    assert said[0] == "Permanent"
    assert message in str(said[1])


def test_the_machine_may_be_out_of_memory_and_then_it_is_tried_again() -> None:
    body = "import signal\nsignal.pthread_kill(__import__('threading').get_ident(), 9)"
    assert outcome(body)[0][:2] == [
        "Temporary",
        "the machine ran out of memory while a.pdf was read",
    ]


@pytest.mark.parametrize(
    ("body", "bounds", "message"),
    [
        ("while True: pass", "computing_s=3.0", "did not get on for 3 s"),
        ("while True: pass", "seconds=3.0", "was not done after 3 s"),
        ("time.sleep(600)", "idle_s=3.0", "stood still for 3 s"),
    ],
)
def test_what_does_not_get_on_is_ended(body: str, bounds: str, message: str) -> None:
    said, told = outcome(body, f"bounds = apart.Bounds({bounds})")
    assert said[:2] == ["Permanent", f"reading a.pdf {message}"]
    assert "knowledge.read_minutes" in str(said[2])
    assert "progress" in told, "the daemon hears that the engine is there"


def test_what_tells_of_its_pages_gets_on() -> None:
    body = """began = time.process_time()
while time.process_time() - began < 4:
    sum(range(100000))
    told({'page': 1})"""
    assert outcome(body, "bounds = apart.Bounds(computing_s=2.5)")[0][0] == "answer"


def test_it_ends_when_nobody_waits_any_more() -> None:
    before = "import threading\nthreading.Timer(0.3, call.cancel).start()"
    said, _ = outcome("time.sleep(600)", before)
    assert "nobody waits" in str(said[1])


@FILTERED
@pytest.mark.parametrize(
    "body",
    [
        "import socket\nsocket.socket()",
        "import socket\nsocket.socket(socket.AF_UNIX)",
        "open('/tmp/lares-of-a-file', 'w')",
        "os.open('/dev/shm', os.O_TMPFILE | os.O_RDWR)",
        "os.mkdir('/tmp/lares-of-a-file')",
        "os.rename('/tmp/a', '/tmp/b')",
        "os.unlink('/tmp/a')",
        "os.chmod('/tmp', 0o777)",
        "os.truncate('/tmp/a', 0)",
        "os.symlink('/tmp/a', '/tmp/lares-of-a-file')",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), 0)",
    ],
)
def test_it_may_not_touch_anything(body: str) -> None:
    said, _ = outcome(body)
    assert "PermissionError" in str(said[1])
    assert not Path("/tmp/lares-of-a-file").exists()


@FILTERED
def test_it_may_read_start_threads_and_run_a_loop() -> None:
    body = """import asyncio, threading
open('/etc/hostname').read()
thread = threading.Thread(target=lambda: None); thread.start(); thread.join()
asyncio.run(asyncio.sleep(0))"""
    assert outcome(body)[0][0] == "answer"
