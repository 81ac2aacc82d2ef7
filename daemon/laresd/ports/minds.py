"""Who computes: the box's own models, and hosts on the LAN."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from laresd.generation import Generation, Piece
from laresd.generation import Message as ChatMessage
from laresd.jobs import HostCosts, HostFacts
from laresd.types import Priority, Transcript, Vectors


class LanguageModel(Protocol):
    """Requests run side by side; the higher `Generation.priority` has the machine at once."""

    def generate(self, generation: Generation, *, deadline: float) -> AsyncGenerator[Piece, None]:
        """The answer in pieces as they are decoded, after what is `said`; the last one has the
        ending. Raises Temporary, Permanent or Refused; closing it gives the work up.
        """
        ...

    async def prepare(self, head: Sequence[ChatMessage], *, deadline: float) -> None:
        """Have the messages that later prompts begin with computed, as background work, and kept
        for the next start.

        Gives way to every `generate` and goes on afterwards. Raises what `generate` raises.
        """
        ...

    async def anticipate(self, generation: Generation, *, deadline: float) -> None:
        """Have the prompt of a question computed whose last message is still being said: all that
        is certain of it. A later `generate` that begins so need not read it; one that does not
        loses nothing. Raises what `generate` raises.
        """
        ...


class LocalModel(LanguageModel, Protocol):
    """The box's own language model."""

    async def hold(self, priority: Priority, seconds: float, *, deadline: float) -> None:
        """Compute nothing that is less urgent than this class for so long, or until the next call:
        the machine is wanted by other work of that class. Raises what `generate` raises.
        """
        ...

    async def pace(self, share: float, *, deadline: float) -> None:
        """Compute with so much of the threads from now on, over 0, at most 1; also after the model
        was started anew. Raises what `generate` raises.
        """
        ...

    async def ids(self, generation: Generation, *, deadline: float) -> tuple[int, ...]:
        """The prompt as this model's tokens, for a host that has the same model. Raises what
        `generate` raises.
        """
        ...


class Host(Protocol):
    """An engine on another machine of the LAN, which the operator trusts.

    Every call raises Temporary when the host cannot be reached, is full, breaks off, or says what
    is no answer, and Permanent when it cannot do it at all (no such model, wrong token or
    certificate, a kind of job that `HostFacts.jobs` lacks). Nothing is tried again here.
    """

    @property
    def name(self) -> str: ...

    @property
    def costs(self) -> HostCosts: ...

    async def probe(self, *, deadline: float) -> HostFacts:
        """What it is and does now, as it tells itself. Costs it no computation."""
        ...

    def generate(self, generation: Generation, *, deadline: float) -> AsyncGenerator[Piece, None]:
        """As LanguageModel.generate; closing it ends the host's work, too."""
        ...

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors: ...

    async def transcribe(
        self, pcm: bytes, *, language: str, deadline: float, hints: Sequence[str] = ()
    ) -> Transcript: ...

    async def synthesize(self, text: str, *, language: str, deadline: float) -> bytes:
        """Speech as 16 kHz mono s16."""
        ...

    async def draw(self, prompt: str, *, width: int, height: int, deadline: float) -> bytes:
        """A picture (PNG) of what is described; pixels."""
        ...

    async def wake(self) -> None:
        """Send it a magic packet; it may take `HostCosts.wake_s` until it answers."""
        ...

    async def rest(self) -> None:
        """Have the operator's command put it to sleep; nothing where there is none."""
        ...


class Hosts(Protocol):
    """The trusted hosts, as they are configured and as they come and go on the LAN."""

    def trusted(self) -> Sequence[Host]:
        """The same objects until the configuration of one, or its address, changes."""
        ...


class Embedder(Protocol):
    async def embed(self, texts: Sequence[str], *, deadline: float) -> Vectors:
        """What the texts mean, as vectors: the closer, the more alike (dot product)."""
        ...
