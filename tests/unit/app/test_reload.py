"""What of a changed configuration is in force at once, and what waits for a restart."""

from __future__ import annotations

import dataclasses

import pytest

from laresd.app.reload import SECTIONS, SETTINGS, Changes, changes
from laresd.config import Config, parse

SMALL = '[box]\nname = "h1"\n'


def of(old: str, new: str) -> tuple[Config, Changes]:
    return changes(parse(SMALL + old), parse(SMALL + new))


def test_nothing_changed_is_nothing_to_do() -> None:
    config, found = of("[turn]\nend_silence_ms = 900", "[turn]\nend_silence_ms = 900")
    assert found == Changes()
    assert config == parse(SMALL + "[turn]\nend_silence_ms = 900")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[routines.night]\nactions = ["turn off the lights"]', "routines.night"),
        ('[risk_rules.gate]\nnames = ["gate"]\nrisk = "never"', "risk_rules.gate"),
        ('[policies.kids]\nusers = ["Ada"]\ndomains = ["light"]', "policies.kids"),
        ('[collections.medical]\nusers = ["Ada"]', "collections.medical"),
        ('[profiles.medical]\nnotice = "Ask your doctor."', "profiles.medical"),
        ("[risk]\nheat_above = 22.0", "risk.heat_above"),
        ('[home.names]\n"light.hall" = "the hall lamp"', "home.names"),
        ("[input]\nmax_characters = 100", "input.max_characters"),
        ('[log]\nlevel = "debug"', "log.level"),
    ],
)
def test_what_only_decides_is_in_force_at_once(text: str, named: str) -> None:
    config, found = of("", text)
    assert found == Changes(adopted=(named,))
    assert config == parse(SMALL + text)
    assert of(text, "") == (parse(SMALL), Changes(adopted=(named,)))  # and back


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[mqtt]\nhost = "10.0.0.2"', "mqtt.host"),
        ("[audio]\nvolume = 0.5", "audio.volume"),
        ("[turn]\nend_silence_ms = 900", "turn.end_silence_ms"),
        ('[hosts.attic]\nurl = "http://10.0.0.9:8080"', "hosts.attic"),
        ("[risk]\npin_tries = 5", "risk.pin_tries"),
        ('[home]\ntasmota = ""', "home.tasmota"),
    ],
)
def test_what_sound_and_streams_depend_on_waits_for_a_restart(text: str, named: str) -> None:
    config, found = of("", text)
    assert found == Changes(waiting=(named,))
    assert config == parse(SMALL)  # which goes on, and so the change is named the next time, too


def test_of_one_section_both_kinds_are_told_apart() -> None:
    config, found = of("", "[risk]\nheat_above = 22.0\npin_tries = 5")
    assert found == Changes(("risk.heat_above",), ("risk.pin_tries",))
    assert config.risk.heat_above == 22.0
    assert config.risk.pin_tries == Config().risk.pin_tries


def test_only_settings_that_there_are_are_listed() -> None:
    known = {field.name for field in dataclasses.fields(Config)}
    assert known >= {*SECTIONS, *SETTINGS}
    for section, names in SETTINGS.items():
        assert {field.name for field in dataclasses.fields(getattr(Config(), section))} >= {*names}
