"""What an engine probably has computed still: the beginnings of prompts that it was given. Pure.

A prompt is known by a chain of hashes over its tools, messages and pieces of messages, each over
all before it; two prompts share what their chains share. Text itself is not kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b

from laresd.generation import Generation, Message, Role

PIECE = 256  # characters: how finely two prompts are compared
PROMPTS = 8  # that an engine is believed to keep, unless it is told otherwise
USUAL_CHARACTERS = 4.0  # of a token, before any was counted
_BOUNDS = (0.5, 12.0)
_PART = 0.2  # of what an observation counts against all before
_DIGEST = 12  # bytes

Chain = tuple[tuple[bytes, int], ...]  # hash of all up to here, and its characters


@dataclass(frozen=True, slots=True)
class Known:
    """Of one prompt. `characters` are probably computed already, `share` of it, from 0 to 1;
    estimates in tokens of the whole prompt and of what is known.
    """

    characters: int
    share: float
    prompt_tokens: float
    cached_tokens: float


@dataclass(frozen=True, slots=True)
class KnownPrefixes:
    """Of one engine and model; begin anew when it has another model or was started again.

    `most`: prompts that it keeps, the one used longest ago is forgotten first. `characters` of one
    token and `kept` (the share of what was believed to be there that was) are learned.
    """

    most: int = PROMPTS
    chains: tuple[Chain, ...] = ()  # newest last
    characters: float = USUAL_CHARACTERS
    kept: float = 1.0

    def known(self, generation: Generation, chain: Chain | None = None) -> Known:
        """What there is of it, as far as one knows. `chain`: that of the generation, which costs
        microseconds for each 256 characters; hand it in where several engines are asked.
        """
        return self._known(chain_of(generation) if chain is None else chain, generation)

    def learned(
        self,
        generation: Generation,
        *,
        answer: str = "",
        prompt_tokens: int = 0,
        cached_tokens: int | None = None,
    ) -> KnownPrefixes:
        """After the engine computed it. `answer`: what it said, which it has now, too. The tokens
        as its ending tells them; 0 and None where it does not.
        """
        chain = chain_of(generation)
        before = self._known(chain, generation)
        total = chain[-1][1] if chain else 0
        characters, kept = self.characters, self.kept
        if prompt_tokens > 0 and total > 0:
            seen = min(max(total / prompt_tokens, _BOUNDS[0]), _BOUNDS[1])
            characters += (seen - characters) * (1.0 if characters == USUAL_CHARACTERS else _PART)
        matched = before.share * prompt_tokens
        if cached_tokens is not None and matched >= 1:
            kept += (min(max(cached_tokens / matched, 0.0), 1.0) - kept) * _PART
        whole = chain_of(generation, answer) if answer else chain
        others = tuple(c for c in self.chains if _shared(c, whole) < len(c))
        chains = (*others, whole)[-max(self.most, 1) :] if whole else self.chains
        return replace(self, chains=chains, characters=characters, kept=kept)

    def _known(self, chain: Chain, generation: Generation) -> Known:
        total = chain[-1][1] if chain else 0
        length = max((_shared(each, chain) for each in self.chains), default=0)
        characters = chain[length - 1][1] if length else 0
        share = characters / total if total else 0.0
        tokens = len(generation.ids) + len(generation.said.tokens) if generation.ids else 0
        prompt_tokens = float(tokens or total / self.characters)
        return Known(characters, share, prompt_tokens, prompt_tokens * share * self.kept)


def _shared(one: Chain, other: Chain) -> int:
    """How many links two chains have in common: those at their beginning, found by halving."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[middle - 1][0] == other[middle - 1][0]:
            low = middle
        else:
            high = middle - 1
    return low


def chain_of(generation: Generation, answer: str = "") -> Chain:
    """What stands for a prompt; with an `answer`, the message that it became is at the end."""
    links: list[tuple[bytes, int]] = []
    digest, characters = b"", 0
    for text, length in _parts(generation, answer):
        digest = blake2b(
            digest + text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST
        ).digest()
        characters += length
        links.append((digest, characters))
    return tuple(links)


def _parts(generation: Generation, answer: str) -> Iterator[tuple[str, int]]:
    """What is hashed, with the characters of the prompt that each stands for. The mark at its
    beginning keeps what is alike in text and unlike in place apart.
    """
    tools = json.dumps([tool.definition() for tool in generation.tools]) if generation.tools else ""
    if generation.adapter or tools:
        yield f"model {generation.adapter}\n{tools}", len(tools)
    said = generation.said.text + answer
    if generation.prompt:
        yield from _pieces("plain", generation.prompt + said)
        return
    for message in generation.messages:
        yield from _message(message)
    if said:
        pieces = _pieces(str(Role.ASSISTANT), said)
        yield from pieces if not answer else _closed(pieces, Role.ASSISTANT)


def _message(message: Message) -> Iterator[tuple[str, int]]:
    yield from _closed(_pieces(str(message.role), message.content), message.role)
    if message.calls or message.call:
        calls = [(call.name, dict(call.arguments)) for call in message.calls]
        text = json.dumps(calls, sort_keys=True, default=str) if calls else ""
        yield f"calls {message.call}\n{text}", len(text)


def _closed(pieces: Iterator[tuple[str, int]], role: Role) -> Iterator[tuple[str, int]]:
    """A message is over: what could go on and what has ended are not the same."""
    yield from pieces
    yield f"end {role}", 0


def _pieces(mark: str, text: str) -> Iterator[tuple[str, int]]:
    for start in range(0, len(text), PIECE):
        piece = text[start : start + PIECE]
        yield f"{mark} {piece}", len(piece)
