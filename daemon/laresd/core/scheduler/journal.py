"""What was heard of an answer, so that another engine can go on with it at the very next token."""

from __future__ import annotations

from dataclasses import replace

from laresd.generation import Generation, Piece, Said


class Journal:
    """Of one answer: what was asked, and the text and tokens that were handed on so far.

    The tokens are kept as long as all of them are those of the local model: from the box itself, or
    from a host with the same model. Once another model has said something, only the text is.
    """

    def __init__(self, generation: Generation) -> None:
        self._asked = generation
        self._text = [generation.said.text]
        self._tokens = [*generation.said.tokens]
        self._exact = not generation.said.text or bool(generation.said.tokens)
        self.spoken = len(generation.said.tokens)  # tokens, or pieces where they are not known

    @property
    def begun(self) -> bool:
        """Whether there is anything to go on from."""
        return any(self._text) or bool(self._tokens)

    @property
    def exact(self) -> bool:
        """Whether the tokens are known, so that a same model goes on as the first one would."""
        return self._exact

    def take(self, piece: Piece, *, exact: bool) -> None:
        """Note what is handed on. `exact`: its tokens are those of the local model, and all."""
        if not (piece.text or piece.tokens):
            return
        self._text.append(piece.text)
        self.spoken += len(piece.tokens) or 1
        if exact and self._exact and piece.tokens:
            self._tokens += piece.tokens
        elif piece.text or not exact:
            self._exact, self._tokens = False, []

    def rest(self, *, exact: bool) -> Generation:
        """What is asked of the engine that goes on; `exact`: it has the local model."""
        if not self.begun:
            return self._asked
        tokens = tuple(self._tokens) if exact and self._exact else ()
        return replace(self._asked, said=Said("".join(self._text), tokens))
