"""What an engine has computed: as much of a new prompt as it begins like an old one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.scheduler.known_prefixes import PIECE, KnownPrefixes
from laresd.generation import Generation, Message, Role, Said, Tool, ToolCall

HEAD = Message(Role.SYSTEM, "You run a home. " * 100)
TOOL = Tool("light", "Switch a light", {})


def asked(*said: str, tools: tuple[Tool, ...] = (), adapter: str = "") -> Generation:
    """A talk: the system, the user, the assistant, the user ..."""
    roles = (Role.USER, Role.ASSISTANT) * len(said)
    messages = tuple(Message(role, text) for role, text in zip(roles, said, strict=False))
    return Generation((HEAD, *messages), tools=tools, adapter=adapter)


class TestKnown:
    def test_nothing_at_first(self) -> None:
        known = KnownPrefixes().known(asked("hello"))
        assert (known.characters, known.share, known.cached_tokens) == (0, 0.0, 0.0)

    def test_all_of_what_was_asked_before(self) -> None:
        known = KnownPrefixes().learned(asked("hello")).known(asked("hello"))
        assert known.share == 1.0

    def test_the_head_that_two_questions_share(self) -> None:
        known = KnownPrefixes().learned(asked("hello")).known(asked("good night"))
        assert known.characters == len(HEAD.content)
        assert known.share == pytest.approx(1600 / 1610)

    def test_the_talk_so_far_with_the_answer_that_it_gave(self) -> None:
        prefixes = KnownPrefixes().learned(asked("hello"), answer="Good evening.")
        known = prefixes.known(asked("hello", "Good evening.", "the light, please"))
        assert known.characters == 1600 + len("hello") + len("Good evening.")

    def test_not_an_answer_that_ended_otherwise(self) -> None:
        prefixes = KnownPrefixes().learned(asked("hello"), answer="Good evening.")
        known = prefixes.known(asked("hello", "Good", "the light, please"))
        assert known.characters == 1600 + len("hello")

    def test_a_long_message_by_its_beginning(self) -> None:
        text = "".join(chr(97 + n % 26) for n in range(4 * PIECE))
        prefixes = KnownPrefixes().learned(asked(text))
        assert prefixes.known(asked(text[: 2 * PIECE] + "!")).characters == 1600 + 2 * PIECE

    def test_an_answer_that_is_gone_on_from(self) -> None:
        said = "word " * 200
        begun = replace(asked("a story"), said=Said(said))
        prefixes = KnownPrefixes().learned(begun)
        further = replace(begun, said=Said(said + "and so on"))
        assert prefixes.known(further).characters >= 1600 + 7 + len(said) - PIECE

    def test_plain_text_without_messages(self) -> None:
        prefixes = KnownPrefixes().learned(Generation(prompt="x" * 1000))
        assert prefixes.known(Generation(prompt="x" * 1000 + "y")).share > 0.7
        assert prefixes.known(Generation(prompt="y" + "x" * 1000)).share == 0

    @pytest.mark.parametrize(
        "other",
        [
            asked("hello", tools=(TOOL,)),
            asked("hello", adapter="polite"),
            Generation((Message(Role.USER, HEAD.content), Message(Role.USER, "hello"))),
            Generation(prompt=HEAD.content),
        ],
    )
    def test_what_changes_the_beginning_changes_all(self, other: Generation) -> None:
        assert KnownPrefixes().learned(asked("hello")).known(other).characters == 0

    def test_other_calls_are_another_talk(self) -> None:
        def called(name: str) -> Generation:
            call = Message(Role.ASSISTANT, "", (ToolCall(name, {"on": True}),))
            return Generation((HEAD, call, Message(Role.TOOL, "done")))

        prefixes = KnownPrefixes().learned(called("light"))
        assert prefixes.known(called("light")).share == 1.0
        assert prefixes.known(called("lock")).characters == len(HEAD.content)

    def test_where_one_text_is_cut_matters(self) -> None:
        prefixes = KnownPrefixes().learned(asked("a", "b"))
        assert prefixes.known(asked("ab")).characters == len(HEAD.content)
        two = (HEAD, Message(Role.USER, "x" * PIECE), Message(Role.USER, "y"))
        one = (HEAD, Message(Role.USER, "x" * PIECE + "y"))
        prefixes = KnownPrefixes().learned(Generation(two))
        assert prefixes.known(Generation(one)).characters == len(HEAD.content) + PIECE


class TestBounds:
    def test_the_prompt_used_longest_ago_is_forgotten_first(self) -> None:
        prefixes = KnownPrefixes(most=2)
        one, two, three = (Generation(prompt=letter * 600) for letter in "abc")
        prefixes = prefixes.learned(one).learned(two).learned(one).learned(three)
        assert [prefixes.known(each).share for each in (one, two, three)] == [1.0, 0.0, 1.0]

    def test_a_talk_that_goes_on_takes_one_place(self) -> None:
        prefixes, said = KnownPrefixes(), ["hello"]
        for number in range(20):
            prefixes = prefixes.learned(asked(*said), answer=f"answer {number}")
            said += [f"answer {number}", f"question {number}"]
        assert len(prefixes.chains) == 1

    @given(st.lists(st.lists(st.text(max_size=40), max_size=4), max_size=12))
    def test_whatever_is_learned_the_share_is_one_and_the_last_is_known(
        self, talks: list[list[str]]
    ) -> None:
        prefixes = KnownPrefixes(most=3)
        for talk in talks:
            prefixes = prefixes.learned(asked(*talk))
            known = prefixes.known(asked(*talk))
            assert known.share == 1.0
            assert known.cached_tokens <= known.prompt_tokens
            assert len(prefixes.chains) <= 3


class TestTokens:
    def test_the_characters_of_a_token_are_learned_from_endings(self) -> None:
        chinese = Generation(prompt="打开厨房的灯" * 100)
        prefixes = KnownPrefixes().learned(chinese, prompt_tokens=400)
        assert prefixes.known(chinese).prompt_tokens == pytest.approx(400)
        for _ in range(30):
            prefixes = prefixes.learned(chinese, prompt_tokens=300)
        assert prefixes.known(chinese).prompt_tokens == pytest.approx(300, rel=0.01)

    def test_a_nonsense_count_is_bounded(self) -> None:
        prefixes = KnownPrefixes().learned(Generation(prompt="x" * 1000), prompt_tokens=1)
        assert prefixes.characters <= 12

    def test_ids_are_counted_instead(self) -> None:
        generation = replace(asked("hello"), ids=tuple(range(123)))
        assert KnownPrefixes().known(generation).prompt_tokens == 123

    def test_an_engine_that_loses_what_it_had_is_believed_less(self) -> None:
        question, prefixes = asked("hello"), KnownPrefixes()
        for _ in range(20):
            prefixes = prefixes.learned(question, prompt_tokens=400, cached_tokens=0)
        assert prefixes.known(question).cached_tokens < 20
        for _ in range(20):
            prefixes = prefixes.learned(question, prompt_tokens=400, cached_tokens=399)
        assert prefixes.known(question).cached_tokens > 380

    def test_one_that_does_not_tell_is_believed(self) -> None:
        prefixes = KnownPrefixes().learned(asked("hello"), prompt_tokens=400)
        prefixes = prefixes.learned(asked("hello"), prompt_tokens=400)
        assert prefixes.kept == 1.0
