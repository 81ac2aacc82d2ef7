"""Tokens of a text, as the embedding model counts them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

from laresd.errors import Permanent

Count = Callable[[str], int]

_PER_WORD = 4  # letters of a token, about, in scripts with spaces
_WIDE = 0x2E80  # from here on a character is a token


def counter(file: Path | None) -> Count:
    """By a model's tokenizer.json, without the marks that it puts around a text; without a file by
    an estimate. Blocks. Raises Permanent for a file that is none.
    """
    if file is None:
        return estimate
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # it raises nothing more particular
        raise Permanent(f"the tokens of the embedding model ({file}): {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def estimate(text: str) -> int:
    wide = sum(ord(character) >= _WIDE for character in text)
    return wide + -(-(len(text) - wide) // _PER_WORD)
