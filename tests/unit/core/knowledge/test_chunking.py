"""A document is cut into passages that can be found, read and cited by themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from laresd.core.knowledge.chunking import BETWEEN, LEAST, MOST, passages, text_of
from laresd.documents import Block, Extracted


def count(text: str) -> int:
    """A word is a token."""
    return len(text.split())


def sentence(words: int, word: str = "word") -> str:
    return " ".join([word.capitalize(), *[word] * (words - 1)]) + "."


def document(*blocks: Block) -> Extracted:
    return Extracted(blocks)


def test_a_short_document_is_one_passage() -> None:
    (only,) = passages(document(Block("Water the fern on Mondays.")), count)
    assert only.text == "Water the fern on Mondays."
    assert (only.place.start, only.place.end, only.tokens) == (0, 26, 5)


def test_an_empty_document_has_none() -> None:
    assert passages(document(), count) == []
    assert passages(document(Block("Only a title", level=1), Block("  \n ")), count) == []


def test_a_long_text_is_cut_between_sentences_into_parts_of_about_the_same_size() -> None:
    found = passages(document(Block(" ".join(sentence(10) for _ in range(60)))), count)
    assert [passage.tokens for passage in found] == [200, 200, 200]
    assert all(passage.text.endswith(".") for passage in found)


def test_a_passage_knows_the_headings_above_it() -> None:
    found = passages(
        document(
            Block("Heating", level=1),
            Block(sentence(60, "pump")),
            Block("Faults", level=2),
            Block(sentence(60, "code")),
            Block("Water", level=1),
            Block(sentence(60, "pipe")),
        ),
        count,
    )
    assert [passage.place.headings for passage in found] == [
        ("Heating",),
        ("Heating", "Faults"),
        ("Water",),
    ]


def test_a_section_of_a_few_words_is_read_with_the_next_one() -> None:
    found = passages(
        document(
            Block("Manual", level=1),
            Block("Parts", level=2),
            Block("See below."),
            Block("Use", level=2),
            Block(sentence(100)),
        ),
        count,
    )
    (only,) = found
    assert only.place.headings == ("Manual",)
    assert only.text.startswith("See below.")


def test_a_sentence_longer_than_a_passage_is_cut_at_a_space() -> None:
    found = passages(document(Block("word " * 600)), count)
    assert all(passage.tokens <= MOST for passage in found)
    assert sum(passage.tokens for passage in found) == 600


def test_a_table_is_cut_between_rows_and_each_part_says_what_its_columns_are() -> None:
    header = "Day | Task | Who"
    rows = [f"Day {number} | water the plants in room {number} | Ann" for number in range(60)]
    block = Block("\n".join([header, *rows]), sheet="Plan", cells="A1:C61")
    found = passages(document(block), count)
    assert len(found) > 1
    assert all(passage.text.startswith(header) for passage in found)
    assert all(passage.place.sheet == "Plan" for passage in found)
    kept = [line for passage in found for line in passage.text.splitlines() if line != header]
    assert kept == rows


def test_a_passage_says_on_which_page_it_begins() -> None:
    found = passages(
        document(Block(sentence(200), page=3), Block(sentence(200), page=4)),
        count,
    )
    assert [passage.place.page for passage in found] == [3, 4]


WORDS = st.lists(
    st.sampled_from(["lamp", "Küche", "is", "on", "21.5", "a", "unplugged"]),
    min_size=1,
    max_size=40,
)
SENTENCES = st.lists(WORDS.map(lambda words: " ".join(words) + "."), max_size=12).map(" ".join)
BLOCKS = st.lists(st.builds(Block, SENTENCES, level=st.sampled_from([0, 0, 0, 1, 2])), max_size=12)


@given(BLOCKS)
def test_every_word_is_in_one_passage_at_its_place(blocks: list[Block]) -> None:
    extracted = Extracted(tuple(blocks))
    found = passages(extracted, count)
    text = text_of(extracted)
    assert all(text[p.place.start : p.place.end] == p.text for p in found)
    ends = [0, *[p.place.end for p in found]]
    assert all(end <= p.place.start for end, p in zip(ends, found, strict=False))
    left_out = "".join(
        text[end:start]
        for end, start in zip(ends, [*[p.place.start for p in found], len(text)], strict=True)
    )
    headings = BETWEEN.join(block.text for block in blocks if block.level).split()
    assert all(word in headings for word in left_out.split())


@given(BLOCKS)
def test_no_passage_is_longer_than_the_bound(blocks: list[Block]) -> None:
    for passage in passages(Extracted(tuple(blocks)), count):
        assert passage.tokens <= MOST


def test_the_bounds_are_those_of_the_design() -> None:
    assert (LEAST, MOST) == (150, 250)
