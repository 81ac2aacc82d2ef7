"""What the ingest asks of any source, and the steps by which a source tells what became of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from laresd.backends.knowledge.store import Known
from laresd.documents import Extracted


@dataclass(frozen=True, slots=True)
class Original:
    """A document as it is at its source. What is to be read is in the file `path`, or was read
    already (`extracted`). `title`: where the document itself has none. `modified`: wall seconds.
    """

    uri: str
    title: str
    digest: str
    size: int
    modified: float
    media_type: str = ""
    path: Path | None = None
    extracted: Extracted | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """So many documents will be told of, as far as is known."""

    documents: int


@dataclass(frozen=True, slots=True)
class Unchanged:
    documents: int


@dataclass(frozen=True, slots=True)
class Changed:
    """New, or not what it was."""

    original: Original


@dataclass(frozen=True, slots=True)
class Moved:
    """The bytes are known: they stood under another name, or only their time differs."""

    id: int
    uri: str
    title: str
    title_before: str  # as `title`, of the name that it had
    modified: float


@dataclass(frozen=True, slots=True)
class Failed:
    """It is there and cannot be had."""

    original: Original
    fault: str


@dataclass(frozen=True, slots=True)
class Gone:
    ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Later:
    """It is being written at this moment."""

    uri: str


@dataclass(frozen=True, slots=True)
class Noted:
    """What a person should know about the source as a whole."""

    note: str


Step = Expected | Unchanged | Changed | Moved | Failed | Gone | Later | Noted


class Origin(Protocol):
    """One source. Nothing is told to be gone that was merely not seen."""

    def steps(self, known: Mapping[str, Known]) -> AsyncGenerator[Step, None]:
        """Compare all of it with what is known, by uri; the file of a `Changed` is there until the
        next step is asked for. Raises Temporary or Permanent when the source cannot be looked at.
        """
        ...

    async def is_still(self, original: Original) -> bool:
        """Whether what was just read is what there is, and was not written meanwhile."""
        ...
