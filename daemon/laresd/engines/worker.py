"""The life of a worker process: one engine, frames on stdin and stdout, nothing else.

An engine is a function `load(options) -> Loaded`; its module ends with

    if __name__ == "__main__":
        worker.main(load)

The daemon's first frame is `load`, with the engine's options as body; the answer is `ready` with
facts, or `error`. After that each frame is a call of one of the engine's ops, answered by any
number of `progress` and `part` frames and exactly one `result` or `error`, cancelled calls too.
Handlers run one at a time, in order; one that returns None has begun a call that goes on beside
the next ones, and is ended from another thread. `cancel` (with the id of the call to give up)
overtakes all of them.

The process ends when stdin closes, when its parent dies and on SIGTERM; SIGINT is ignored, because
Ctrl-C is the daemon's business. Whatever a library prints goes to stderr.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from laresd.errors import LaresError, Permanent
from laresd.frames import MAX_HEADER, Fields, Frame, decode_header, encode
from laresd.types import Json

MAX_QUEUED = 32  # calls that wait in the worker; the daemon's own queue is the real bound
EXIT_MEMORY = 70  # out of memory: start again rather than limp on
EXIT_PROTOCOL = 71  # what came from the daemon is not a frame
EXIT_DEFECT = 72  # a thread of the engine has ended that must not
OOM_SCORE, OOM_SCORE_OF_NICE = 300, 20  # to which a worker raises its own, with its niceness
_PR_SET_PDEATHSIG = 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call returns: the body and payload of its `result` frame."""

    body: Mapping[str, Json] = field(default_factory=dict)
    payload: bytes = b""


class Call:
    """One request, as its handler sees it. Everything here is safe from any thread."""

    def __init__(
        self, frame: Frame, channel: Channel, ended: Callable[[int], None] = lambda number: None
    ) -> None:
        """`ended` is told the request's id once it has its final answer."""
        self.op = frame.op
        self.body = Fields(frame.body)
        self.payload = frame.payload
        self._id = frame.id
        self._channel = channel
        self._ended = ended
        self._over = False
        self._cancelled = False
        self._on_cancel: Callable[[], None] | None = None
        self._lock = threading.Lock()

    @property
    def cancelled(self) -> bool:
        """True once nobody waits for the answer; a long handler returns soon after."""
        return self._cancelled

    def when_cancelled(self, tell: Callable[[], None]) -> None:
        """Call `tell` once when nobody waits any more; at once if that is so already."""
        with self._lock:
            self._on_cancel = tell
        if self._cancelled:
            tell()

    def cancel(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._cancelled, tell = True, self._on_cancel
        if tell is not None:
            tell()

    def progress(self, **facts: Json) -> None:
        """Say that the work is getting on, so that it is not taken for a hang."""
        self._channel.send(Frame("progress", self._id, facts))

    def part(self, body: Mapping[str, Json], payload: bytes = b"") -> None:
        """One piece of a streamed answer."""
        self._channel.send(Frame("part", self._id, body, payload))

    def end(self, answer: Answer) -> None:
        """The result. What comes after the first final answer is ignored."""
        if self._closing():
            self._channel.send(Frame("result", self._id, answer.body, answer.payload))
            self._ended(self._id)

    def fail(self, error: LaresError) -> None:
        """The error that ends the call."""
        if self._closing():
            self._channel.fail(self._id, error)
            self._ended(self._id)

    def _closing(self) -> bool:
        with self._lock:
            first, self._over = not self._over, True
        return first


Handler = Callable[[Call], Answer | None]
"""Serves a call. None: the call goes on, and ends by `Call.end` or `Call.fail`."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """An engine that is ready: its handlers by op, and facts for the daemon's status."""

    handlers: Mapping[str, Handler]
    facts: Mapping[str, Json] = field(default_factory=dict)


Load = Callable[[Fields], Loaded]


class Channel:
    """Frames in and out; sending is safe from any thread."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source = source
        self._sink = sink
        self._lock = threading.Lock()

    def send(self, frame: Frame) -> None:
        with self._lock:
            self._sink.write(encode(frame))
            self._sink.flush()

    def fail(self, request: int, error: LaresError) -> None:
        body = {"kind": error.kind, "message": error.message, "remedy": error.remedy}
        self.send(Frame("error", request, body))

    def receive(self) -> Frame | None:
        """The next frame; None when the daemon has closed the channel.

        Raises Permanent when what came is not a frame.
        """
        line = self._source.readline(MAX_HEADER + 1)
        if not line.endswith(b"\n"):
            if len(line) > MAX_HEADER:
                raise Permanent(f"a frame header is longer than {MAX_HEADER} bytes")
            return None
        frame, length = decode_header(line)
        payload = self._source.read(length) if length else b""
        if len(payload) < length:
            return None
        return Frame(frame.op, frame.id, frame.body, payload)


class Loop:
    """Reads calls in one thread and runs their handlers in another, one at a time."""

    def __init__(self, channel: Channel, loaded: Loaded) -> None:
        self._channel = channel
        self._handlers = loaded.handlers
        self._calls: queue.Queue[Call | None] = queue.Queue()
        self._open: dict[int, Call] = {}  # by id: queued, running, or going on
        self._lock = threading.Lock()

    def read(self) -> None:
        """Queue what comes in until the channel closes; `work` then returns after its call.

        Raises Permanent for what is no frame.
        """
        while (frame := self._channel.receive()) is not None:
            self._accept(frame)
        self._calls.put(None)

    def work(self) -> None:
        """Run calls until the channel closes."""
        while (call := self._calls.get()) is not None:
            self._run(call)

    def _accept(self, frame: Frame) -> None:
        with self._lock:
            known = self._open.get(frame.id)
            full = len(self._open) >= MAX_QUEUED or known is not None
            if frame.op != "cancel" and not full:
                call = self._open[frame.id] = Call(frame, self._channel, self._ended)
                self._calls.put(call)
        if frame.op == "cancel":
            if known is not None:
                known.cancel()
        elif full:
            self._channel.fail(frame.id, Permanent(f"no room for request {frame.id}"))

    def _ended(self, number: int) -> None:
        with self._lock:
            del self._open[number]

    def _run(self, call: Call) -> None:
        try:
            answer = Answer() if call.cancelled else self._handle(call)
        except LaresError as error:
            call.fail(error)
        except (MemoryError, BrokenPipeError):
            raise
        except Exception as error:  # the worker's edge
            log.exception("%s failed", call.op)
            call.fail(_unexpected(error))
        else:
            if answer is not None:
                call.end(answer)

    def _handle(self, call: Call) -> Answer | None:
        handler = self._handlers.get(call.op)
        if handler is None:
            raise Permanent(f"this worker has no operation {call.op!r}")
        return handler(call)


def main(load: Load) -> None:
    """Serve the engine until the daemon is gone; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _die_with_parent()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    os._exit(_serve(_open_channel(), load))  # not sys.exit: native threads may never join


def _serve(channel: Channel, load: Load) -> int:
    try:
        frame = channel.receive()
        loaded = _load(channel, frame, load) if frame else None
        if loaded is None:
            return 0
        loop = Loop(channel, loaded)
        threading.Thread(target=_read, args=(loop,), name="frames", daemon=True).start()
        loop.work()
    except MemoryError:
        return EXIT_MEMORY
    except BrokenPipeError:
        return 0
    except Permanent as error:
        log.error("%s", error)
        return EXIT_PROTOCOL
    return 0


def _read(loop: Loop) -> None:
    """The reading thread. Ends the process with the channel, even amid a native computation."""
    try:
        loop.read()
    except Permanent as error:
        log.error("%s", error)
        os._exit(EXIT_PROTOCOL)
    except MemoryError:
        os._exit(EXIT_MEMORY)
    os._exit(0)


def _offer_to_the_oom_killer(nice: int) -> None:
    """When memory runs out this process goes before the daemon does, which starts it again; and
    the sooner, the less anybody waits for it (proc_pid_oom_score_adj(5)).
    """
    own = Path("/proc/self/oom_score_adj")
    with contextlib.suppress(OSError, ValueError):  # without such a file the kernel has no opinion
        if int(own.read_text()) < (score := OOM_SCORE + OOM_SCORE_OF_NICE * nice):
            own.write_text(str(score))


def _load(channel: Channel, frame: Frame, load: Load) -> Loaded | None:
    """The loaded engine; None when it could not be, which has then been answered."""
    try:
        if frame.op != "load":
            raise Permanent(f"the first frame must be load, not {frame.op!r}")
        options = Fields(frame.body)
        nice = options.integer("nice", 0)
        os.nice(nice)
        _offer_to_the_oom_killer(nice)
        loaded = load(options)
    except LaresError as error:
        channel.fail(frame.id, error)
    except (MemoryError, BrokenPipeError):
        raise
    except Exception as error:  # the worker's edge
        log.exception("load failed")
        channel.fail(frame.id, _unexpected(error))
    else:
        channel.send(Frame("ready", frame.id, loaded.facts))
        return loaded
    return None


def _unexpected(error: Exception) -> Permanent:
    return Permanent(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _open_channel() -> Channel:
    """Frames on what were stdin and stdout; from now on stdout is stderr, and stdin is empty."""
    source, sink = os.dup(0), os.dup(1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    return Channel(os.fdopen(source, "rb"), os.fdopen(sink, "wb"))


def _die_with_parent() -> None:
    """Ask Linux to end this process with the daemon; elsewhere the closing of stdin does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
