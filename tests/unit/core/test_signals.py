"""What the lamps show: lights as they are written, and their frames over time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.signals import (
    BLINK_S,
    BREATH_S,
    COLOURS,
    FRAME_S,
    ROUND_S,
    SAID,
    Light,
    Pattern,
    Scheme,
    frame,
    light,
    next_frame,
    table,
)
from laresd.errors import ConfigError
from laresd.turns import Sign

RED = (255, 0, 0)
DARK = (0, 0, 0)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("red", Light(RED)),
        ("Red Blink", Light(RED, Pattern.BLINK)),
        ("red breathe 40%", Light(RED, Pattern.BREATHE, 0.4)),
        ("50% spin #0040FF", Light((0, 64, 255), Pattern.SPIN, 0.5)),
        ("off", Light(DARK)),
    ],
)
def test_a_light_is_written_as_a_person_says_it(text: str, meant: Light) -> None:
    assert light(text) == meant


@pytest.mark.parametrize("text", ["", "blink", "mauve", "red 101%", "red blue", "#12345", "red x"])
def test_what_is_no_light_is_told_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ConfigError, match=r"lights\.signs\.idle") as caught:
        light(text, "idle")
    assert "red blink 40%" in caught.value.remedy and "purple" in caught.value.remedy


def test_every_sign_has_a_light_and_the_configuration_changes_those_that_it_names() -> None:
    lights = table({"thinking": "white breathe"})
    assert set(lights) == set(Sign)
    assert lights[Sign.THINKING] == Light(COLOURS["white"], Pattern.BREATHE)
    assert lights[Sign.ERROR] == light(SAID[Sign.ERROR])


def test_a_sign_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'listen'.*known: idle, listening"):
        table({"listen": "red"})


def test_signs_can_be_told_apart_by_more_than_their_colour() -> None:
    """Not everybody sees red and green apart, and not every lamp has colours."""
    lights = table({})
    seen = {(one.pattern, one.share) for sign, one in lights.items() if sign is not Sign.IDLE}
    assert len(seen) == len(lights) - 1


def test_a_scheme_dims_all_of_its_lights() -> None:
    scheme = Scheme(table({"error": "red 50%"}), brightness=0.5)
    assert scheme.frame(Sign.ERROR, 0, 2) == ((64, 0, 0),) * 2
    assert scheme.next_frame(Sign.ERROR, 0) is None
    assert scheme.next_frame(Sign.THINKING, 1.0) == pytest.approx(1.0 + FRAME_S)


def test_a_solid_light_never_changes() -> None:
    solid = Light(RED, share=0.5)
    assert frame(solid, 0, 3) == frame(solid, 77.7, 3) == ((128, 0, 0),) * 3
    assert next_frame(solid, 0) is None


@pytest.mark.parametrize("dark", [light("off breathe"), light("red spin 0%")])
def test_a_dark_light_never_changes(dark: Light) -> None:
    assert next_frame(dark, 0) is None


def test_a_light_blinks_on_first_and_changes_only_at_the_edges() -> None:
    blinking, now, seen = Light(RED, Pattern.BLINK), 0.0, []
    for _ in range(5):
        seen.append(frame(blinking, now, 1)[0])
        due = next_frame(blinking, now)
        assert due is not None and due == pytest.approx(now + BLINK_S)
        now = due
    assert seen == [RED, DARK, RED, DARK, RED]


def test_a_breath_begins_bright_and_never_goes_out() -> None:
    breathing = Light(RED, Pattern.BREATHE)
    reds = [frame(breathing, BREATH_S * step / 20, 1)[0][0] for step in range(21)]
    assert reds[0] == reds[20] == 255 == max(reds)
    assert 0 < reds[10] == min(reds) < 30


def test_a_spinning_light_goes_round_with_a_tail_behind_it() -> None:
    spinning = Light(RED, Pattern.SPIN)
    heads = []
    for step in range(12):
        reds = [colour[0] for colour in frame(spinning, (step + 0.01) * ROUND_S / 12, 12)]
        heads.append(reds.index(max(reds)))
        assert reds[heads[-1]] > reds[heads[-1] - 1] > reds[heads[-1] - 2] > 0
        assert reds[(heads[-1] + 1) % 12] == 0
    assert heads == list(range(12))


def test_a_single_lamp_that_cannot_spin_breathes_fast() -> None:
    for second in (0.0, 0.7, 1.9):
        alone = frame(Light(RED, Pattern.SPIN), second, 1)
        assert alone == frame(Light(RED, Pattern.BREATHE), 2 * second, 1)


lights = st.builds(
    Light,
    st.tuples(*[st.integers(0, 255)] * 3),
    st.sampled_from(Pattern),
    st.floats(0, 1),
)


@given(lights, st.floats(0, 1e6), st.integers(1, 64))
def test_each_frame_has_every_lamp_and_nothing_above_its_colour(
    lit: Light, seconds: float, lamps: int
) -> None:
    colours = frame(lit, seconds, lamps)
    assert len(colours) == lamps
    for colour in colours:
        assert all(0 <= part <= most for part, most in zip(colour, lit.colour, strict=True))


@given(lights, st.floats(0, 1e5))
def test_a_light_asks_for_30_frames_a_second_at_most(lit: Light, seconds: float) -> None:
    due = next_frame(lit, seconds)
    assert due is None or lit.pattern is Pattern.BLINK or due - seconds >= 0.99 * FRAME_S
    assert FRAME_S >= 1 / 30 and BLINK_S >= 1 / 30


def test_the_table_in_the_configuration_file_is_the_one_that_holds() -> None:
    text = (Path(__file__).parents[3] / "systemd" / "lares.toml").read_text(encoding="utf-8")
    section = text.partition("[lights.signs]")[2].partition("\n[")[0]
    told = dict(re.findall(r'^# (\w+) = "(.*)"$', section, re.MULTILINE))
    assert told == {str(sign): said for sign, said in SAID.items()}


def test_the_notes_name_every_sign_and_every_colour() -> None:
    notes = (Path(__file__).parents[3] / "firmware-notes" / "pins-and-lights.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| .* \| `(.*)` \|$", notes, re.MULTILINE))
    assert told == {str(sign): said for sign, said in SAID.items()}
    assert all(f"`{word}`" in notes for word in (*COLOURS, *Pattern))
