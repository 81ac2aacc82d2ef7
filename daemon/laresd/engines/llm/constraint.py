"""What an answer is bound to: which tokens may follow, and which must. The one file that imports
llguidance.

Where the grammar leaves one continuation, `mask` allows one token and `forced` names it with those
after it, so that decoding with either gives the same tokens. Repeated parts of JSON Schema, regex
and Lark are read greedily, as a lexer does ("a"* followed by "a" matches nothing); so are those of
GBNF that are part of a rule which refers to itself. JSON is compact: no space is free.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from llguidance import LLMatcher, LLParserLimits, LLTokenizer
from llguidance.gbnf_to_lark import gbnf_to_lark
from llguidance.llamacpp import lltokenizer_from_vocab
from numpy.typing import NDArray

from laresd.errors import Permanent
from laresd.generation import AnswerGrammar, GrammarKind

if TYPE_CHECKING:  # a type of the stubs alone
    from llguidance._lib import JsonCompileOptions

MAX_TEXT = 256 * 1024  # characters of a grammar
MAX_DEPTH = 64  # brackets in brackets: llguidance reads them on the stack
MAX_GBNF_RULES = 500
COMPACT: JsonCompileOptions = {
    "whitespace_flexible": False,
    "item_separator": ",",
    "key_separator": ":",
}


class Vocabulary(Protocol):
    """What of a loaded model is needed; see laresd.engines.llm.native.Model."""

    vocabulary: object  # llama_vocab *; the model must outlive what is made from it
    n_vocab: int

    def ends(self, token: int) -> bool: ...


class Constraints:
    """Grammars for one model's vocabulary. Takes about 5 microseconds a token to make."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        ends = [token for token in range(vocabulary.n_vocab) if vocabulary.ends(token)]
        with warnings.catch_warnings():  # it calls llama-cpp-python by names that are going
            warnings.simplefilter("ignore", DeprecationWarning)
            self._tokenizer: LLTokenizer = lltokenizer_from_vocab(
                vocabulary.vocabulary,  # type: ignore[arg-type]  # a llama_vocab *, see native.py
                vocabulary.n_vocab,
                ends,
            )
        self.special = _special(self._tokenizer)

    def compile(self, grammar: AnswerGrammar) -> Constraint:
        """A constraint at its beginning. Raises Permanent for a grammar that is faulty, matches
        nothing, or is too much.
        """
        limits = LLParserLimits(verbose_errors=False)
        matcher = LLMatcher(self._tokenizer, _source(grammar), log_level=0, limits=limits)
        if matcher.is_error():
            raise _faulty(grammar.kind, matcher.get_error())
        return Constraint(matcher, self._tokenizer.vocab_size)


class Constraint:
    """Where one answer stands in its grammar."""

    def __init__(self, matcher: LLMatcher, n_vocab: int) -> None:
        self._matcher = matcher
        self._n_vocab = n_vocab

    def mask(self) -> NDArray[np.bool_]:
        """[n_vocab]: the tokens that may follow; where the answer may end, those that end it."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        self._check()
        allowed: NDArray[np.uint8] = np.unpackbits(bits, count=self._n_vocab, bitorder="little")
        return allowed.view(np.bool_)

    def forced(self) -> list[int]:
        """The tokens that follow with no choice, as far as that goes; they are not accepted yet."""
        tokens: list[int] = self._matcher.compute_ff_tokens()
        self._check()
        return tokens

    def accept(self, tokens: Sequence[int]) -> None:
        """Go on by these tokens. Raises Permanent at the first that does not fit."""
        done = self._matcher.try_consume_tokens(list(tokens))
        if done < len(tokens):
            self._check()
            raise Permanent(f"the token {tokens[done]} is not allowed by the grammar")

    def accepted_prefix(self, tokens: Sequence[int]) -> int:
        """How many of `tokens` fit, from the first on. Nothing is accepted."""
        return self._matcher.validate_tokens(list(tokens))

    @property
    def may_end(self) -> bool:
        """Whether what was accepted is a whole answer."""
        return self._matcher.is_accepting()

    @property
    def finished(self) -> bool:
        """Whether what was accepted is a whole answer that nothing can be added to."""
        return self._matcher.is_stopped() and not self._matcher.is_error()

    def _check(self) -> None:
        if self._matcher.is_error():
            raise Permanent(
                f"the grammar cannot be followed: {_first_line(self._matcher.get_error())}",
                remedy="take a simpler grammar: fewer alternatives and shorter repetitions",
            )


def _source(grammar: AnswerGrammar) -> str:
    """As llguidance takes it."""
    text = grammar.text
    if len(text) > MAX_TEXT:
        raise _too_much(grammar.kind, f"{len(text)} characters; the most is {MAX_TEXT}")
    if _depth(text) > MAX_DEPTH:
        raise _too_much(grammar.kind, f"brackets are nested deeper than {MAX_DEPTH}")
    match grammar.kind:
        case GrammarKind.JSON_SCHEMA:
            return LLMatcher.grammar_from_json_schema(_schema(text), overrides=COMPACT)
        case GrammarKind.REGEX:
            return LLMatcher.grammar_from_regex(text)
        case GrammarKind.LARK:
            return LLMatcher.grammar_from_lark(text)
        case GrammarKind.GBNF:
            return LLMatcher.grammar_from_lark(_lark(text))


def _schema(text: str) -> str:
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise _faulty(GrammarKind.JSON_SCHEMA, str(error)) from error
    if not isinstance(schema, dict):
        raise _faulty(GrammarKind.JSON_SCHEMA, "it is no JSON object")
    return text


def _lark(gbnf: str) -> str:
    if gbnf.count("::=") > MAX_GBNF_RULES:
        raise _too_much(
            GrammarKind.GBNF, f"{gbnf.count('::=')} rules; the most is {MAX_GBNF_RULES}"
        )
    try:
        return gbnf_to_lark(gbnf)
    except Exception as error:  # it raises bare ones for rules that are not there
        raise _faulty(GrammarKind.GBNF, str(error)) from error


def _depth(text: str) -> int:
    """How deep brackets are nested at most; an escaped bracket, or one in a string, counts, too."""
    depth = deepest = 0
    for bracket in re.findall(r"[][(){}]", text):
        depth += 1 if bracket in "[({" else -1
        deepest = max(deepest, depth)
    return deepest


def _special(tokenizer: LLTokenizer) -> Mapping[str, int]:
    """The tokens that stand for something and are not text, by how they are written."""
    special = filter(tokenizer.is_special_token, range(tokenizer.vocab_size))
    return {tokenizer.decode_str([token]): token for token in special}


def _faulty(kind: GrammarKind, why: str) -> Permanent:
    return Permanent(
        f"the {_NAMES[kind]} for the language model is faulty: {_first_line(why)}",
        remedy="correct it; only what the message names is wrong",
    )


def _too_much(kind: GrammarKind, why: str) -> Permanent:
    return Permanent(
        f"the {_NAMES[kind]} for the language model is too much: {why}",
        remedy="make it smaller, or split the question",
    )


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:300]


_NAMES = {
    GrammarKind.JSON_SCHEMA: "JSON Schema",
    GrammarKind.REGEX: "regular expression",
    GrammarKind.LARK: "Lark grammar",
    GrammarKind.GBNF: "GBNF grammar",
}
