"""Which languages letters are looked for in, and the pictures of a TIFF file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from laresd.engines.extract import letters


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("eng", "deu", "chi_sim"):
        (tmp_path / f"{name}.traineddata").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("languages", "wanted"),
    [
        (("en",), [["eng"]]),
        (("en", "de"), [["deu", "eng"]]),
        (("zh", "en"), [["chi_sim", "eng"]]),
        (("en", "de", "zh"), [["chi_sim", "eng"], ["deu", "eng"]]),
        (("de",), [["deu"]]),
        (("fr",), []),
        (("tlh",), []),
        ((), []),
    ],
)
def test_ideographs_are_looked_for_apart_and_english_last(
    data: Path, languages: tuple[str, ...], wanted: list[list[str]]
) -> None:
    assert letters.groups(languages, data) == wanted


def test_without_data_nothing_is_looked_for_and_the_packages_are_named() -> None:
    assert letters.groups(("en", "zh"), None) == []
    assert letters.missing(("en", "zh"), None) == ["tesseract-ocr-eng", "tesseract-ocr-chi-sim"]


def test_only_what_is_missing_is_named(data: Path) -> None:
    assert letters.missing(("en", "fr"), data) == ["tesseract-ocr-fra"]


def test_the_data_is_looked_for_where_the_environment_says(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", str(data))
    assert letters.folder() == data


def test_chinese_with_some_names_is_chinese_and_english_with_a_word_of_it_is_not() -> None:
    assert letters.ideographic("备用钥匙在 Lares 石头下面")
    assert not letters.ideographic("The word 石头 means stone.")
    assert not letters.ideographic("")


def tiff(count: int) -> bytes:
    pictures = [Image.new("L", (8, 8), 10 * number) for number in range(count)]
    held = io.BytesIO()
    pictures[0].save(held, "TIFF", save_all=True, append_images=pictures[1:])
    return held.getvalue()


def test_each_picture_of_a_tiff_is_a_file_of_its_own() -> None:
    frames = [Image.open(io.BytesIO(frame)) for frame in letters.frames(tiff(3))]
    assert [frame.getpixel((0, 0)) for frame in frames] == [0, 10, 20]


@pytest.mark.parametrize("cut", [0, 1, 4, 7, 8, 9, 20, 100])
def test_a_tiff_that_breaks_off_ends(cut: int) -> None:
    assert len(list(letters.frames(tiff(2)[:cut]))) <= 2


def test_a_tiff_that_goes_in_circles_ends() -> None:
    whole = bytearray(tiff(1))
    first = int.from_bytes(whole[4:8], "little")
    entries = int.from_bytes(whole[first : first + 2], "little")
    whole[first + 2 + 12 * entries : first + 6 + 12 * entries] = first.to_bytes(4, "little")
    assert len(list(letters.frames(bytes(whole)))) == 1
