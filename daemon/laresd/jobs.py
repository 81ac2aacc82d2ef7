"""What there is to compute for somebody, where it may be computed, and the hosts that offer to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JobKind(StrEnum):
    TEXT = "text"
    EMBED = "embed"
    TRANSCRIBE = "transcribe"
    SPEAK = "speak"
    IMAGE = "image"


class Reach(StrEnum):
    """How far a job may go."""

    DEVICE = "device"  # it never leaves the box
    LAN = "lan"  # to hosts that are trusted


class Policy(StrEnum):
    """What counts where there is a choice."""

    FASTEST = "fastest"
    GREENEST = "greenest"  # the least energy that keeps the deadline
    LOCAL_FIRST = "local-first"  # a host only where the box would be late
    HOST_FIRST = "host-first"


@dataclass(frozen=True, slots=True)
class Routing:
    """What a request says of its place. `hosts`: the only ones it may go to; none named: every
    trusted one. `policy` None: the box's own.
    """

    reach: Reach = Reach.LAN
    hosts: frozenset[str] = frozenset()
    policy: Policy | None = None


ANYWHERE = Routing()


class HostKind(StrEnum):
    """The engine that a host runs, as it was configured or found out."""

    LLAMA_SERVER = "llama-server"
    VLLM = "vllm"
    OLLAMA = "ollama"
    OPENAI = "openai"  # any other server of that API
    WYOMING = "wyoming"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What a probe found out. Times in seconds, speeds in tokens a second; 0 where it is unknown.

    `models` that it has, `model` the one it is asked for; `identity`: of that model's bytes, as far
    as the engine tells (a model swapped under the same name has another one). `same_model`: it
    has the very GGUF that this box has, and takes its tokens. `slots` requests run side by side,
    `running` and `waiting` are there now, whoever sent them. `grammars`: the GrammarKinds, as
    words, that it can hold an answer to; `tools`, `resumes`: it can call functions, and go on from
    an answer that has begun.
    """

    kind: HostKind
    jobs: frozenset[JobKind]
    models: tuple[str, ...] = ()
    model: str = ""
    identity: str = ""
    same_model: bool = False
    slots: int = 1
    running: int = 0
    waiting: int = 0
    round_trip_s: float = 0.0
    context: int = 0  # tokens of one request; 0: unknown
    decode_speed: float = 0.0
    prefill_speed: float = 0.0
    grammars: frozenset[str] = frozenset()
    tools: bool = False
    resumes: bool = False


@dataclass(frozen=True, slots=True)
class HostCosts:
    """What the operator says of a host. `wake_s`: from a magic packet to the first token, None: it
    cannot be woken. Watts while it computes; price in the operator's currency for 1000 tokens.
    `rest_after_s`: it is put to sleep after so long without work, 0: never.
    """

    watts: float = 0.0
    price: float = 0.0
    wake_s: float | None = None
    rest_after_s: float = 0.0
