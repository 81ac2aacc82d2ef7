"""Sentences are told apart in the languages that Lares reads, and nothing of the text is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.sentences import sentences, spans


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("It rained. We left!", ["It rained.", "We left!"]),
        ("Dr. Smith paid 3.50 euros. He left.", ["Dr. Smith paid 3.50 euros.", "He left."]),
        ("See No. 512. Then stop.", ["See No. 512.", "Then stop."]),
        ("Das kostet z. B. 5 Euro. Es steigt.", ["Das kostet z. B. 5 Euro.", "Es steigt."]),
        ("It fell by 20 %. Then it rose.", ["It fell by 20 %.", "Then it rose."]),
        ("Am 3. Oktober ist zu. Am 4. nicht.", ["Am 3. Oktober ist zu.", "Am 4. nicht."]),
        ("It costs 3.50. Then it rains.", ["It costs 3.50.", "Then it rains."]),
        ("今天天气很好。你吃饭了吗？我不知道！", ["今天天气很好。", "你吃饭了吗？", "我不知道！"]),
        ("He said “stop.” Then he went.", ["He said “stop.”", "Then he went."]),
        ("Bring:\n- milk\n- bread", ["Bring:", "- milk", "- bread"]),
        ("One\n\nTwo", ["One", "Two"]),
        ("It is 21.5 degrees. And dry!", ["It is 21.5 degrees.", "And dry!"]),
        ("灯已打开。还有别的吗？", ["灯已打开。", "还有别的吗？"]),
        ("He said 'Dr. No' twice. Twice!", ["He said 'Dr. No' twice.", "Twice!"]),
        ("You can't. It is far.", ["You can't.", "It is far."]),
        ("Es ist 12:30. Wir essen.", ["Es ist 12:30.", "Wir essen."]),
        ("Geh in Raum B2. Dort ist es.", ["Geh in Raum B2.", "Dort ist es."]),
        ("They saw Mt. Everest. It snowed.", ["They saw Mt. Everest.", "It snowed."]),
        ("Art.-Nr. 5 fehlt. Schade.", ["Art.-Nr. 5 fehlt.", "Schade."]),
        ("no mark at the end", ["no mark at the end"]),
        ("  ", []),
    ],
)
def test_a_text_is_cut_into_sentences(text: str, cut: list[str]) -> None:
    assert sentences(text) == cut
    assert [text[start:end] for start, end in spans(text)] == cut


@given(st.text())
def test_what_is_not_white_space_is_in_one_sentence(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())
