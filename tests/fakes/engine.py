"""An engine that does as it is told, to see what its supervisor makes of it.

Run as a program it is a worker. The option `load` says how loading goes: ok, permanent, temporary,
crash, hang. Ops, with what they read from the body:

    echo     answers the body's `text` and the payload
    count    how often `remember` was called in this life, and with what last
    remember keeps `text`
    hang     never answers
    die      ends by SIGKILL, but only while the file `until` is absent; makes it first
    stream   `parts` parts, then does what `then` names: result, die, hang
    flood    parts without end, until it is cancelled; with `beside` in a thread of its own
    hold     goes on beside other calls until `release`, which ends all of them, the last first
    slow     progress frames until the file `until` exists or `steps` are done, then a result
    garbage  writes bytes that are no frame
    stray    answers a request that nobody made
    print    prints to stdout as a careless library does, then answers
    fail     answers an error of the given `kind`, or raises what no engine should
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from pathlib import Path

from laresd.backends.workers.process import Spec
from laresd.engines import worker
from laresd.errors import Permanent, Temporary, from_kind
from laresd.frames import Fields, Frame, encode
from laresd.types import Json

PIPE = os.dup(1) if __name__ == "__main__" else -1  # past the worker's back


def spec(name: str = "fake engine", **changes: object) -> Spec:
    """A Spec that runs this file; keywords change its fields."""
    values: dict[str, object] = {
        "name": name,
        "command": (sys.executable, str(Path(__file__).resolve())),
    }
    return Spec(**{**values, **changes})  # type: ignore[arg-type]


class FakeEngine:
    def __init__(self) -> None:
        self._remembered: list[str] = []
        self._held: list[worker.Call] = []

    def echo(self, call: worker.Call) -> worker.Answer:
        return worker.Answer({"text": call.body.text("text", ""), "pid": os.getpid()}, call.payload)

    def remember(self, call: worker.Call) -> worker.Answer:
        self._remembered.append(call.body.text("text"))
        return worker.Answer()

    def count(self, call: worker.Call) -> worker.Answer:
        remembered: list[Json] = [*self._remembered]
        return worker.Answer({"remembered": remembered})

    def hang(self, call: worker.Call) -> worker.Answer:
        threading.Event().wait()
        return worker.Answer()

    def die(self, call: worker.Call) -> worker.Answer:
        until = call.body.text("until", "")
        if not until or not Path(until).exists():
            if until:
                Path(until).touch()
            os.write(2, b"about to die\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return worker.Answer({"text": "lived"})

    def stream(self, call: worker.Call) -> worker.Answer:
        for number in range(call.body.integer("parts")):
            call.part({"text": f"{number} "})
        then = call.body.text("then", "result")
        if then != "result":
            return self.die(call) if then == "die" else self.hang(call)
        return worker.Answer()

    def flood(self, call: worker.Call) -> worker.Answer | None:
        def pour() -> None:
            while not call.cancelled:
                call.part({"text": "x" * 1000})
            call.end(worker.Answer())

        if call.body.flag("beside", False):
            threading.Thread(target=pour, daemon=True).start()
        else:
            pour()
        return None

    def hold(self, call: worker.Call) -> None:
        self._held.append(call)

    def release(self, call: worker.Call) -> worker.Answer:
        held, self._held = self._held, []
        for other in reversed(held):
            cancelled = other.cancelled
            other.end(worker.Answer({"text": other.body.text("text"), "cancelled": cancelled}))
        return worker.Answer({"held": len(held)})

    def slow(self, call: worker.Call) -> worker.Answer:
        until = call.body.text("until", "")
        for step in itertools.count():
            if Path(until).exists() if until else step >= call.body.integer("steps"):
                break
            call.progress(step=step)
            time.sleep(0.02)
        return worker.Answer({"text": "slow but alive"})

    def garbage(self, call: worker.Call) -> worker.Answer:
        os.write(PIPE, b"this is not JSON\n")
        return self.hang(call)

    def stray(self, call: worker.Call) -> worker.Answer:
        os.write(PIPE, encode(Frame("result", 999)))
        return self.hang(call)

    def print(self, call: worker.Call) -> worker.Answer:
        sys.stdout.write("progress: 50 %\n")
        os.system("echo from a child")
        return worker.Answer({"text": "printed"})

    def fail(self, call: worker.Call) -> worker.Answer:
        if kind := call.body.text("kind", ""):
            raise from_kind(kind, "no such thing", "look elsewhere")
        raise ZeroDivisionError("a bug")


def load(options: Fields) -> worker.Loaded:
    how = options.text("load", "ok")
    if how == "permanent":
        raise Permanent("the model file is damaged", remedy="pull it again")
    if how == "temporary":
        raise Temporary("not enough memory just now")
    if how == "crash":
        os.abort()
    if how == "hang":
        threading.Event().wait()
    engine = FakeEngine()
    ops = {name: getattr(engine, name) for name in vars(FakeEngine) if not name.startswith("_")}
    return worker.Loaded(ops, {"model": "fake"})


if __name__ == "__main__":
    worker.main(load)
