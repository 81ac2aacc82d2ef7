"""How each family writes a call: what the grammar lets through is read as the call that it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer

from laresd.engines.llm.constraint import Constraint
from laresd.engines.llm.tools.format import MAX_CALLS, Format
from laresd.engines.llm.tools.json_calls import Hermes, Llama3
from laresd.engines.llm.tools.recognise import format_of
from laresd.engines.llm.tools.tagged import Tagged
from laresd.engines.llm.tools.tool import MAX_TOOLS, Parsed
from laresd.errors import Permanent
from laresd.generation import AnswerGrammar, Choice, GrammarKind, Tool, ToolCall
from laresd.types import Json
from tests.fakes import chat_templates as templates
from tests.fakes.tool_calls import allows_arguments, families, hints_of, some_tools, walk

BYTES = LLTokenizer("byte")  # a token for each byte, and some that are not text
OPEN, CLOSE, END = 256, 257, frozenset({261})
IN_TEXT = families({})
AS_TOKENS = families(
    {
        "<tool_call>": OPEN,
        "</tool_call>": CLOSE,
        "[TOOL_CALLS]": OPEN,
        "[ARGS]": CLOSE,
        "<|python_tag|>": OPEN,
    }
)
ALL = {**{f"{name}, in text": form for name, form in IN_TEXT.items()}, **AS_TOKENS}
every_form = pytest.mark.parametrize("form", ALL.values(), ids=ALL.keys())
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

LAMP = Tool(
    "set_lamp",
    "Sets a lamp",
    {
        "type": "object",
        "properties": {
            "room": {"type": "string"},
            "mode": {"enum": ["on", "off"]},
            "level": {"type": "integer", "minimum": 0, "maximum": 100},
            "places": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["room", "mode"],
    },
)
CLOCK = Tool("get_time", "Tells the time", {})
TOOLS = [LAMP, CLOCK]
ON = ToolCall("set_lamp", {"room": "Küche", "mode": "on", "level": 7, "places": ["a", 'b"']})
OFF = ToolCall("set_lamp", {"room": "Flur", "mode": "off"})
TIME = ToolCall("get_time", {})


def tokens_of(form: Format, text: str) -> list[int]:
    """With the form's own tokens where the text has them written out."""
    tokens = {mark: [token] for token, mark in form.shown.items()}
    parts = re.split("|".join(f"({re.escape(mark)})" for mark in tokens) or "(?!)", text)
    return [token for part in parts if part for token in tokens.get(part, part.encode())]


def text_of(form: Format, tokens: Sequence[int]) -> str:
    shown = {token: mark.encode() for token, mark in form.shown.items()}
    return b"".join(shown.get(token, bytes([token % 256])) for token in tokens).decode()


def bound(grammar: AnswerGrammar) -> Constraint:
    assert grammar.kind is GrammarKind.LARK
    matcher = LLMatcher(BYTES, LLMatcher.grammar_from_lark(grammar.text))
    assert not matcher.is_error(), matcher.get_error()
    return Constraint(matcher, BYTES.vocab_size)


def fits(form: Format, text: str, choice: Choice = Choice.REQUIRED, most: int = MAX_CALLS) -> bool:
    constraint = bound(form.grammar(TOOLS, choice, most))
    tokens = tokens_of(form, text)
    if constraint.accepted_prefix(tokens) < len(tokens):
        return False
    constraint.accept(tokens)
    return constraint.may_end


@every_form
@pytest.mark.parametrize("call", [ON, OFF, TIME], ids=["all", "some", "no arguments"])
@pytest.mark.parametrize("choice", Choice)
def test_a_call_as_the_model_writes_it_fits_and_is_read(
    form: Format, call: ToolCall, choice: Choice
) -> None:
    text = form.write([call])
    assert fits(form, text, choice)
    assert form.parse(text, TOOLS) == Parsed("", (call,))


@every_form
def test_two_calls_fit_and_are_read_where_the_family_has_a_form_for_two(form: Format) -> None:
    if form.most == 1:
        with pytest.raises(Permanent, match="one call at a time"):
            form.write([ON, TIME])
        return
    text = form.write([ON, TIME])
    assert fits(form, text)
    assert not fits(form, text, most=1)
    assert form.parse(text, TOOLS) == Parsed("", (ON, TIME))


@every_form
def test_after_the_last_call_that_may_be_the_answer_is_finished(form: Format) -> None:
    constraint = bound(form.grammar(TOOLS, Choice.REQUIRED, most=1))
    constraint.accept(tokens_of(form, form.write([TIME])))
    assert constraint.finished


@every_form
@pytest.mark.parametrize(
    "call",
    [
        ToolCall("unlock_door", {}),
        ToolCall("set_lamp", {}),
        ToolCall("set_lamp", {"room": "a"}),
        ToolCall("set_lamp", {"room": "a", "mode": "blue"}),
        ToolCall("set_lamp", {"room": "a", "mode": "on", "level": 101}),
        ToolCall("set_lamp", {"room": "a", "mode": "on", "other": 1}),
        ToolCall("get_time", {"zone": "CET"}),
    ],
    ids=str,
)
@pytest.mark.parametrize("choice", Choice)
def test_a_call_of_what_is_not_there_does_not_fit(
    form: Format, call: ToolCall, choice: Choice
) -> None:
    assert not fits(form, form.write([call]), choice)


@every_form
@pytest.mark.parametrize("words", ["It is late.", "Es ist 7 Uhr.\n\nGute Nacht!", "{ is a brace"])
def test_words_fit_only_where_no_call_is_required(form: Format, words: str) -> None:
    assert not fits(form, words)
    assert fits(form, words, Choice.AUTO) == (bool(form.opening) or words[0] != "{")
    assert form.parse(words, TOOLS) == Parsed(words)


@every_form
def test_words_may_come_before_a_call_where_the_family_can_tell_them_apart(form: Format) -> None:
    text = f"At once.\n{form.write([ON])}"
    assert not fits(form, text)
    if form.opening:
        assert fits(form, text, Choice.AUTO)
        assert form.parse(text, TOOLS) == Parsed("At once.\n", (ON,))
    else:
        assert form.parse(text, TOOLS) == Parsed(text)


@every_form
@pytest.mark.parametrize("thought", ["<think>hm", "Well <think>", "[THINK]hm"])
def test_no_answer_has_a_thought(form: Format, thought: str) -> None:
    assert not fits(form, thought, Choice.AUTO)
    words = bound(form.words())
    assert words.accepted_prefix(thought.encode()) < len(thought)
    assert words.accepted_prefix(b"2 < 3, think") == len(b"2 < 3, think")


def test_a_token_for_thoughts_is_no_word() -> None:
    words = bound(Hermes({"<think>": OPEN}).words())
    assert not words.mask()[OPEN]
    assert words.mask()[ord("a")]


@every_form
@UNHURRIED
@given(tools=some_tools(), seed=st.integers(0, 1 << 32), choice=st.sampled_from(Choice))
def test_all_that_the_grammar_lets_through_is_a_call_of_a_tool_with_what_its_schema_allows(
    form: Format, tools: list[Tool], seed: int, choice: Choice
) -> None:
    hints = [tokens_of(form, hint) for hint in hints_of(form)]
    said = walk(bound(form.grammar(tools, choice, 2)), END, hints, seed)
    assume(said is not None)
    assert said is not None
    parsed = form.parse(text_of(form, said), tools)
    assert parsed.calls or choice is Choice.AUTO
    for call in parsed.calls:
        (tool,) = [tool for tool in tools if tool.name == call.name]
        assert allows_arguments(tool.parameters, call.arguments), (tool, call)


PIECES = """<tool_call> </tool_call> [TOOL_CALLS] [ARGS] [CALL_ID] <|python_tag|> <function=
    </function> <parameter= </parameter> set_lamp get_time > { } [ ] "name" "arguments"
    "parameters" : , "room" "on" room 7 NaN \\ ü"""


@every_form
@given(parts=st.lists(st.sampled_from([*PIECES.split(), "\n", " "]), max_size=30))
def test_whatever_a_model_says_is_read_without_an_error(form: Format, parts: list[str]) -> None:
    text = "".join(parts)
    parsed = form.parse(text, TOOLS)
    assert parsed.calls or parsed.text == text
    assert form.parse(text, []) == Parsed(text)


@every_form
def test_half_a_call_is_words_and_so_is_one_with_something_after_it(form: Format) -> None:
    whole = form.write([ON])
    for end in range(len(whole)):
        assert form.parse(whole[:end], TOOLS) == Parsed(whole[:end])
    assert form.parse(f"{whole} Done.", TOOLS) == Parsed(f"{whole} Done.")


@pytest.mark.parametrize(
    "body",
    [
        '{"name": "unlock_door", "arguments": {}}',
        '{"name": "get_time", "arguments": []}',
        '{"name": "get_time"}',
        '{"name": ["get_time"], "arguments": {}}',
        '{"name": "get_time", "arguments": {}, "sudo": true}',
        '{"name": "get_time", "arguments": {"a": 1, "a": 2}}',
        '{"name": "get_time", "arguments": {"a": NaN}}',
        '{"name": "get_time", "arguments": ' + '{"a":' * 100_000,
        "get_time",
        "",
    ],
)  # fmt: skip
def test_what_is_not_certainly_a_call_is_none(body: str) -> None:
    for text in (f"<tool_call>\n{body}\n</tool_call>", body):
        assert Hermes({}).parse(text, TOOLS) == Parsed(text)
    assert Llama3({}, tagged=False).parse(body, TOOLS) == Parsed(body)


def test_llama_may_write_a_tag_first() -> None:
    form = AS_TOKENS["llama 3.1"]
    text = f"<|python_tag|>{form.write([ON])}"
    assert fits(form, text)
    assert form.parse(text, TOOLS) == Parsed("", (ON,))
    assert not bound(IN_TEXT["llama 3.1"].grammar(TOOLS, Choice.REQUIRED)).mask()[ord("<")]


def test_mistral_may_name_a_call() -> None:
    text = "[TOOL_CALLS]get_time[CALL_ID]a1B2c3D4e[ARGS]{}"
    assert IN_TEXT["mistral"].parse(text, TOOLS) == Parsed("", (TIME,))


class TestTagged:
    FORM = Tagged({})

    @pytest.mark.parametrize(
        ("schema", "written", "value"),
        [
            ({"type": "string"}, "7", "7"),
            ({"type": "string"}, "\n two\nlines \n", "\n two\nlines \n"),
            ({"type": "string"}, "", ""),
            ({"type": "string"}, "<parameter=x></parameter>", "<parameter=x></parameter>"),
            ({"type": "integer"}, "7", 7),
            ({"type": "boolean"}, "true", True),
            ({"type": "boolean"}, "True", True),
            ({"type": ["string", "null"]}, '"7"', "7"),
            ({"type": ["string", "null"]}, "None", None),
            ({"$ref": "#/$defs/n"}, "[7]", [7]),
            ({"enum": ["a", 1]}, '"a"', "a"),
        ],
    )
    def test_texts_are_bare_and_all_else_is_json(
        self, schema: Json, written: str, value: Json
    ) -> None:
        definition: Json = {"type": "array", "items": {"type": "integer"}}
        tool = Tool("f", "", {"properties": {"x": schema}, "$defs": {"n": definition}})
        text = f"<tool_call>\n<function=f>\n<parameter=x>\n{written}\n</parameter>\n"
        text += "</function>\n</tool_call>"
        assert self.FORM.parse(text, [tool]) == Parsed("", (ToolCall("f", {"x": value}),))
        if written not in ("True", "None"):
            constraint = bound(self.FORM.grammar([tool], Choice.REQUIRED))
            assert constraint.accepted_prefix(text.encode()) == len(text)

    def test_a_text_with_the_end_of_an_argument_in_it_cannot_be_written(self) -> None:
        with pytest.raises(Permanent, match="cannot be written"):
            self.FORM.write([ToolCall("f", {"x": "a\n</parameter>\nb"})])
        choice: Json = {"enum": ["a\n</parameter>\nb"]}
        tool = Tool("f", "", {"properties": {"x": choice}, "required": ["x"]})
        text = '<tool_call>\n<function=f>\n<parameter=x>\n"a\\n</parameter>\\nb"\n</parameter>\n'
        constraint = bound(self.FORM.grammar([tool], Choice.REQUIRED))
        assert constraint.accepted_prefix(text.encode()) == len(text)

    @pytest.mark.parametrize("name", ["a b", "a>b", "", "a\n"])
    def test_a_name_that_would_break_the_tag_is_refused(self, name: str) -> None:
        properties: dict[str, Json] = {name: {"type": "string"}}
        tool = Tool("f", "", {"properties": properties})
        with pytest.raises(Permanent, match="argument name"):
            self.FORM.grammar([tool], Choice.REQUIRED)

    def test_arguments_that_depend_on_each_other_are_refused(self) -> None:
        tool = Tool("f", "", {"properties": {}, "anyOf": [{"required": ["a"]}]})
        with pytest.raises(Permanent, match="anyOf"):
            self.FORM.grammar([tool], Choice.REQUIRED)


@pytest.mark.parametrize("name", ["", "a b", "a" * 65, 'a"', "ä", "a\n"])
def test_a_name_that_cannot_be_written_everywhere_is_refused(name: str) -> None:
    with pytest.raises(Permanent, match="tool name"):
        Tool(name, "", {})


@every_form
@pytest.mark.parametrize(
    "tools",
    [
        [],
        [LAMP, LAMP],
        [Tool(f"t{n}", "", {}) for n in range(MAX_TOOLS + 1)],
        [Tool("f", "", {"type": "array"})],
        [Tool("f", "", {"properties": {}, "required": ["x"]})],
    ],
    ids=["none", "one twice", "too many", "no object", "something missing"],
)
def test_tools_that_cannot_be_offered_are_refused(form: Format, tools: list[Tool]) -> None:
    with pytest.raises(Permanent):
        form.grammar(tools, Choice.REQUIRED)


def test_nested_objects_take_only_what_they_list() -> None:
    inner: Json = {"type": "object", "properties": {"a": {"type": "integer"}}}
    tool = Tool("f", "", {"properties": {"x": {"type": "array", "items": inner}}})
    constraint = bound(Llama3({}, tagged=False).grammar([tool], Choice.REQUIRED))
    begin = b'{"name": "f", "parameters": {"x": [{'
    assert constraint.accepted_prefix(begin + b'"a": 1}]}}') == len(begin) + len(b'"a": 1}]}}')
    assert constraint.accepted_prefix(begin + b'"b"') == len(begin) + 1


RECOGNISED = {
    "SmolLM3": "Hermes",
    "Qwen2.5-7B": "Hermes",
    "Qwen3-0.6B": "Hermes",
    "Hermes-3": "Hermes",
    "Qwen3.5-4B": "Tagged",
    "Qwen3-Coder": "Tagged",
    "Llama-3.1-8B-I": "Llama3",
    "Llama-3.2-3B-I": "Llama3",
    "Llama-3.3-70B-I": "Llama3",
    "Ministral-3": "Mistral",
    "Devstral": "Mistral",
    "Mistral-Small-3.2": "Mistral",
    "Mistral-Nemo": "OldMistral",
    "gemma-2": "BareJson",
    "Phi-3.5": "BareJson",
    "ByteDance-Seed": "BareJson",
    "GLM-4.6": "BareJson",
}
REAL = templates.of_llama_cpp()


@pytest.mark.skipif(not REAL, reason="llama-cpp-python's source is not unpacked here")
@pytest.mark.parametrize(("model", "family"), RECOGNISED.items())
def test_real_models_are_known_by_their_template(model: str, family: str) -> None:
    (path,) = [path for path in REAL if model in path.stem]
    assert type(format_of(path.read_text(), {})).__name__ == family


@pytest.mark.parametrize(
    ("source", "family"),
    [
        (templates.CHATML, "Hermes"),
        (templates.HERMES, "Hermes"),
        (templates.MISTRAL, "Mistral"),
        (templates.NO_SYSTEM, "BareJson"),
        ("[TOOL_CALLS] [", "OldMistral"),
        ("<tool_call>\\n<function=f>\\n<parameter=x>", "Tagged"),
        ("<|start_header_id|>{{ '\"parameters\": ' }}", "Llama3"),
        ("<|start_header_id|>", "BareJson"),
    ],
)
def test_a_family_is_known_by_what_its_template_writes(source: str, family: str) -> None:
    assert type(format_of(source, {})).__name__ == family


def test_the_older_mistrals_write_as_their_template_does() -> None:
    blank, none = (format_of(source, {}) for source in ("[TOOL_CALLS] [", "[TOOL_CALLS]["))
    assert blank.write([TIME]) == '[TOOL_CALLS] [{"name": "get_time", "arguments": {}}]'
    assert none.write([TIME]) == '[TOOL_CALLS][{"name": "get_time", "arguments": {}}]'
