"""One piece of work in a process of its own, which a file may break, fill and hold up as it likes:
the engine's process goes on.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from laresd.engines import worker
from laresd.engines.extract.confinement import confine
from laresd.errors import LaresError, Permanent, Temporary, from_kind
from laresd.frames import Fields, Frame
from laresd.types import Json

LOOK_S = 1.0  # between two looks at the process
_PR_SET_PDEATHSIG = 1
_TICKS = os.sysconf("SC_CLK_TCK")

log = logging.getLogger(__name__)

Told = Callable[[Mapping[str, Json]], None]
"""How far the work has come."""

Work = Callable[[Told], worker.Answer]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one piece of work. `memory`: bytes of data; `seconds` in all; `computing_s`: of CPU time
    without a sign of progress, `idle_s`: without any CPU time.
    """

    memory: int = 1 << 30
    seconds: float = 3600.0
    computing_s: float = 600.0
    idle_s: float = 60.0


def apart(work: Work, bounds: Bounds, call: worker.Call, name: str) -> worker.Answer:
    """The answer of `work`, which may start threads and load what it likes. `call` is told of the
    progress; when nobody waits for it any more, the process ends. Raises the work's error,
    Permanent when `name` has broken or overrun the process, Temporary when the machine has.
    """
    source, sink = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(source)
        _serve(work, bounds, sink)
    os.close(sink)
    child = _Child(pid, bounds)
    call.when_cancelled(lambda: child.end("nobody waits for it any more"))
    watching = threading.Thread(target=child.watch, args=(call,), daemon=True)
    watching.start()
    try:
        with os.fdopen(source, "rb") as stream, Path(os.devnull).open("wb") as nothing:
            answer = _received(worker.Channel(stream, nothing), child, call)
        if answer is None:
            raise _broken(name, child.ended(), child.why, bounds)
        return answer
    finally:
        child.reap()


def _received(channel: worker.Channel, child: _Child, call: worker.Call) -> worker.Answer | None:
    """None when the process ended without an answer."""
    while (frame := channel.receive()) is not None:
        if frame.op == "result":
            return worker.Answer(frame.body, frame.payload)
        if frame.op == "error":
            fields = Fields(frame.body)
            raise from_kind(fields.text("kind"), fields.text("message"), fields.text("remedy", ""))
        child.got_on()
        call.progress(**frame.body)
    return None


class _Child:
    """The process, which is signalled only as long as its number is its own."""

    def __init__(self, pid: int, bounds: Bounds) -> None:
        self._pid, self._bounds = pid, bounds
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._began = time.monotonic()
        self._told_cpu = 0.0
        self._cpu, self._cpu_at = 0.0, self._began
        self.why = ""

    def got_on(self) -> None:
        self._told_cpu = self._cpu

    def watch(self, call: worker.Call) -> None:
        """Until it ends, or has to."""
        while not self._over.wait(LOOK_S):
            now = time.monotonic()
            cpu = _cpu_seconds(self._pid)
            if cpu > self._cpu:
                self._cpu, self._cpu_at = cpu, now
            overrun = self._overrun(now)
            if overrun:
                self.end(overrun)
                return
            try:
                call.progress()
            except OSError:  # the daemon is gone, and this process with it in a moment
                return

    def end(self, why: str) -> None:
        with self._lock:
            if not self._over.is_set():
                self.why = self.why or why
                os.kill(self._pid, signal.SIGKILL)

    def ended(self) -> int:
        """Its exit status, as os.waitstatus_to_exitcode tells it, once it has one."""
        info = os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
        assert info is not None
        return info.si_status if info.si_code == os.CLD_EXITED else -info.si_status

    def reap(self) -> None:
        """An answer was its last word."""
        with self._lock:
            self._over.set()
            os.kill(self._pid, signal.SIGKILL)  # a zombie takes it, too
            os.waitpid(self._pid, 0)

    def _overrun(self, now: float) -> str:
        bounds = self._bounds
        if now - self._began > bounds.seconds:
            return f"was not done after {_minutes(bounds.seconds)}"
        if self._cpu - self._told_cpu > bounds.computing_s:
            return f"did not get on for {_minutes(bounds.computing_s)}"
        if now - self._cpu_at > bounds.idle_s:
            return f"stood still for {_minutes(bounds.idle_s)}"
        return ""


def _cpu_seconds(pid: int) -> float:
    """User and system time (proc_pid_stat(5)); 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} s"


def _broken(name: str, status: int, why: str, bounds: Bounds) -> LaresError:
    if why:
        return Permanent(
            f"reading {name} {why}", remedy="split it, or raise knowledge.read_minutes"
        )
    if status == -signal.SIGKILL:
        return Temporary(f"the machine ran out of memory while {name} was read")
    ended = signal.Signals(-status).name if status < 0 else f"exit status {status}"
    return Permanent(
        f"{name} is damaged, or needs more than {bounds.memory >> 20} MB to be read ({ended})",
        remedy="open it and save it again; for a large one, raise knowledge.memory_mb",
    )


def _serve(work: Work, bounds: Bounds, sink: int) -> NoReturn:
    """All that the forked process does."""
    status = worker.EXIT_DEFECT
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with Path(os.devnull).open("rb") as nothing, os.fdopen(sink, "wb") as stream:
            if not confine(bounds.memory):
                log.info("this kernel cannot keep a process from the network")
            status = _answered(worker.Channel(nothing, stream), work)
    except BrokenPipeError:
        status = 0
    except MemoryError:
        status = worker.EXIT_MEMORY
    finally:
        os._exit(status)


def _answered(channel: worker.Channel, work: Work) -> int:
    try:
        answer = work(lambda facts: channel.send(Frame("progress", 0, facts)))
        channel.send(Frame("result", 0, answer.body, answer.payload))
    except LaresError as error:
        channel.fail(0, error)
    except RecursionError:
        channel.fail(0, Permanent("it is nested too deeply"))
    except (MemoryError, BrokenPipeError):
        raise
    except Exception as error:  # the process's edge
        log.exception("reading failed")
        channel.fail(0, Permanent(f"{type(error).__name__}: {error}"[:300]))
    return 0
