"""A librarian that answers what the test tells it to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from laresd.documents import Cited, Claim, Document, Found, Passage, Place, Progress
from laresd.errors import LaresError
from laresd.types import Request

MANUAL = Document(
    7, 1, "house", "/srv/manuals/boiler.pdf", "Boiler manual", "00", 1, 0.0, language="en"
)
PRESSURE = Found(
    MANUAL,
    Passage("The boiler keeps 1.5 bar.", Place(10, 35, ("Pressure",), page=3), 9),
    0.03,
    similarity=0.7,
    words=4.2,
)
ANSWER = Cited(
    "In Boiler manual, page 3: The boiler keeps 1.5 bar.",
    (Claim("The boiler keeps 1.5 bar.", (0,), quoted=True),),
    (PRESSURE,),
)
REFUSAL = Cited("Nothing in your documents says that.")


class FakeLibrarian:
    """Port Librarian: knows the boiler's pressure. Keeps what it was asked as (what, request,
    collections, profile); raises `error` instead where there is one.
    """

    def __init__(self, error: LaresError | None = None) -> None:
        self.error = error
        self.asked: list[tuple[str, Request, tuple[str, ...], str]] = []

    async def search(self, request: Request, collections: Sequence[str] = ()) -> Sequence[Found]:
        self._note("search", request, collections)
        return (PRESSURE,) if "boiler" in request.text else ()

    async def answer(
        self,
        request: Request,
        collections: Sequence[str] = (),
        on_sentence: Callable[[str], None] | None = None,
        *,
        profile: str = "",
    ) -> Cited:
        self._note("answer", request, collections, profile)
        if "boiler" not in request.text:
            return REFUSAL
        if on_sentence is not None:
            on_sentence(ANSWER.text)
        return ANSWER

    async def summary(
        self,
        request: Request,
        document: str,
        on_progress: Callable[[Progress], None] = lambda progress: None,
    ) -> str:
        self._note("summary", request, ())
        on_progress(Progress(1, 1, at=MANUAL.title))
        return f"{document} is about a boiler."

    def _note(
        self, what: str, request: Request, collections: Sequence[str], profile: str = ""
    ) -> None:
        self.asked.append((what, request, tuple(collections), profile))
        if self.error is not None:
            raise self.error
