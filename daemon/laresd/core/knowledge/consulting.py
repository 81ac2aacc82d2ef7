"""When the assistant looks into documents by itself, and what was asked of them a moment ago.

Nothing acts here: what comes back is text to be said. A question is answered so where nobody named
a document only if they surely answer it; else the next of the cascade is asked.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from laresd.core.conversation import MAX_CONVERSATIONS, MAX_SECONDS, Key, key_of
from laresd.core.knowledge import questions, refusal, wording
from laresd.core.knowledge.librarian import DocumentLibrarian
from laresd.documents import Cited
from laresd.language import main_language
from laresd.ports import Clock
from laresd.types import Request

MAX_CHARACTERS = 400  # of a question
TELLING = 2  # words that a question has which is answered though nobody named the documents
SHORT = 4  # telling words of a question that may lean on the one before

_NAMED = {
    "en": r"\b(?:my|our|the) (?:documents?|papers?|files|notes|manuals?|knowledge base)\b",
    "de": r"\b(?:meinen?|unseren?|den|der|die) (?:dokumenten?|unterlagen|papieren?|notizen|"
    r"anleitung(?:en)?|wissensdatenbank)\b",
    "zh": r"(?:文档|文件|资料|说明书|知识库)",
}
_WHERE = {
    "en": r"(?:and )?(?:where|which (?:document|page|file)) (?:does|did|do|is|says?|was) ?"
    r"(?:it|that|this|you)?\b.{0,20}?(?:say|written|stand|from|get|find)?(?: that| this| it)?",
    "de": r"(?:und )?(?:wo steht|woher (?:weißt|hast) du|auf welcher seite steht|"
    r"in welchem dokument steht) (?:das|es|dies)(?: geschrieben)?",
    "zh": r"(?:这|那)?(?:是?在?哪里|哪儿|哪一?页|哪个文[件档])(?:里)?"
    r"(?:说|写|提到)(?:的|了)?(?:这个|那个)?"
    r"|(?:出处|来源)(?:是什么|在哪里?)|你?从哪里?(?:看到|知道)的?",
}
_LEANS = {
    "en": r"(?:and|but|what about|how about|then)\b",
    "de": r"(?:und|aber|was ist mit|wie steht es mit|dann)\b",
    "zh": r"(?:那|那么|还有|而)|.{1,12}呢[?？]?$",
}
_IT = re.compile(  # "this contract" names something, "this" does not
    r"\b(?:it|its|they|them|es|ihn|ihm|davon|damit|dafür"
    r"|(?:that|this|these|those|das|dies)(?=\s*(?:[?.!]*$|(?:is|are|was|were|do|does|mean|ist)\b)))\b"
    r"|[它这那其]"
)


@dataclass(frozen=True, slots=True)
class _Asked:
    question: str
    cited: Cited
    at: float


class Consulting:
    """`are_there`: whether there is anything to ask at all, known without waiting."""

    def __init__(
        self,
        librarian: DocumentLibrarian,
        clock: Clock,
        are_there: Callable[[], bool] = lambda: True,
    ) -> None:
        self._librarian = librarian
        self._clock = clock
        self._are_there = are_there
        self._last: OrderedDict[Key, _Asked] = OrderedDict()

    async def told(
        self,
        request: Request,
        on_sentence: Callable[[str], None] | None = None,
        *,
        of_home: bool = False,
    ) -> str:
        """What the documents say to it; "" where they are not to be asked, or do not surely answer.
        `of_home`: it names something of the home. Raises what the librarian raises.
        """
        if not self._are_there() or len(request.text) > MAX_CHARACTERS:
            return ""
        last = self._before(request)
        if last is not None and _fits(_WHERE, request, whole=True):
            return " ".join(wording.stands(one, request.language) for one in last.cited.sources[:2])
        is_asked = questions.is_question(request.text, request.language)
        if not is_asked or (of_home and not questions.is_open(request.text, request.language)):
            return ""
        return await self._answered(request, last, on_sentence)

    async def _answered(
        self, request: Request, last: _Asked | None, on_sentence: Callable[[str], None] | None
    ) -> str:
        leaning, wanted = _leans(request), _fits(_NAMED, request)
        asked = f"{request.text} {last.question}" if last is not None and leaning else request.text
        if not wanted and (last is None or not leaning) and (leaning or _is_vague(request)):
            return ""
        judged = await self._librarian.judged(replace(request, text=asked))
        if judged is None:
            return ""
        nothing = wording.wording(request.language).nothing if wanted else ""
        if judged.confidence < (refusal.LEAST if wanted or leaning else refusal.SURE):
            return nothing
        cited = await self._librarian.told(request, judged, on_sentence)
        if cited.refused:
            return nothing
        self._keep(request, _Asked(asked[:MAX_CHARACTERS], cited, self._clock.now()))
        return cited.text

    def _before(self, request: Request) -> _Asked | None:
        last = self._last.get(key_of(request))
        return last if last and self._clock.now() - last.at <= MAX_SECONDS else None

    def _keep(self, request: Request, asked: _Asked) -> None:
        self._last[key_of(request)] = asked
        self._last.move_to_end(key_of(request))
        while len(self._last) > MAX_CONVERSATIONS:
            self._last.popitem(last=False)


def _is_vague(request: Request) -> bool:
    """Whether it has hardly a word that tells what it is about: "how are you doing"."""
    found = questions.understood(request.text, request.language)
    return len(found.words) < TELLING


def _leans(request: Request) -> bool:
    """Whether a short question means something only after another one."""
    found = questions.understood(request.text, request.language)
    if len(found.words) > SHORT:
        return False
    return _fits(_LEANS, request, start=True) or _IT.search(request.text.casefold()) is not None


def _fits(
    forms: dict[str, str], request: Request, *, whole: bool = False, start: bool = False
) -> bool:
    form = forms.get(main_language(request.language), forms["en"])
    text = request.text.strip().rstrip("?？.。!！ ").casefold()
    if whole:
        return re.fullmatch(form, text, re.IGNORECASE) is not None
    found = re.match if start else re.search
    return found(form, text, re.IGNORECASE) is not None
