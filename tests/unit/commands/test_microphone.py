"""`lares microphone`: a second as a bar, and what is to be done about it."""

from __future__ import annotations

import pytest

from laresd.commands.microphone import line
from laresd.frames import Fields
from laresd.types import Json

WELL: dict[str, Json] = {"age_s": 0.4, "rms_dbfs": -35.0, "peak_dbfs": -14.0, "clipped": 0}


def test_a_second_is_a_bar_from_its_mean_to_its_peak() -> None:
    told = line(Fields(WELL))
    assert told.startswith("#" * 25 + "-" * 15 + " ")
    assert told.endswith("-35.0 dBFS, peak  -14.0")


@pytest.mark.parametrize(
    ("levels", "advice"),
    [
        ({"peak_dbfs": 0.0, "clipped": 7}, "clips: lower audio.gain_db"),
        ({"peak_dbfs": -1.0}, "loud"),
        ({"peak_dbfs": -65.0, "rms_dbfs": -75.0}, "very soft"),
    ],
)
def test_what_is_not_well_is_said(levels: dict[str, Json], advice: str) -> None:
    assert line(Fields({**WELL, **levels})).endswith(advice)


def test_a_microphone_that_gave_nothing_lately_is_told_of() -> None:
    assert "no sound comes" in line(Fields({**WELL, "age_s": 9.0}))
    without: dict[str, Json] = {key: value for key, value in WELL.items() if key != "age_s"}
    assert "no sound comes" in line(Fields(without))
