"""The configuration: defaults without a file, and every mistake with its place and its remedy."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd import config
from laresd.config import Config, load, parse, settings
from laresd.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "systemd" / "lares.toml"
GOOD = """
[box]
name = "attic"
state_dir = "~/lares"

[mqtt]
host = "broker.lan"
port = 8883
tls = true
password_file = "/run/credentials/mqtt"

[wake]
words = ["hey_jarvis", "okay_nabu"]
threshold = 1

[home.aliases]
"light.desk" = ["work lamp", "table lamp"]

[home.areas]
"light.desk" = "study"
"""


def test_without_a_file_everything_has_its_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "DEFAULT_FILE", tmp_path / "absent.toml")
    assert load() == Config()
    assert parse("") == Config()


def test_a_file_says_only_what_differs(tmp_path: Path) -> None:
    (tmp_path / "lares.toml").write_text(GOOD)
    read = load(tmp_path / "lares.toml")
    assert (read.box.name, read.mqtt.port, read.mqtt.tls) == ("attic", 8883, True)
    assert read.box.state_dir == Path.home() / "lares"
    assert read.mqtt.password_file == Path("/run/credentials/mqtt")
    assert (read.wake.words, read.wake.threshold) == (("hey_jarvis", "okay_nabu"), 1.0)
    assert read.home.aliases["light.desk"] == ("work lamp", "table lamp")
    assert read.home.areas["light.desk"] == "study"
    assert read.llm == Config().llm


def test_a_routine_has_a_spoken_name_and_sentences_or_commands() -> None:
    read = parse(
        """
[routines."good night"]
actions = ["turn off the lights", { entity = "lock.front", command = "lock" }]
[routines."晚安"]
phrases = ["晚安", "我睡了"]
actions = [{ entity = "light.bed", command = "turn_on", params = { brightness_pct = 5 } }]
areas = ["卧室"]
"""
    )
    first, second = read.routines["good night"], read.routines["晚安"]
    assert [action.say for action in first.actions] == ["turn off the lights", ""]
    assert (first.actions[1].entity, first.actions[1].command) == ("lock.front", "lock")
    assert (second.phrases, second.areas) == (("晚安", "我睡了"), ("卧室",))
    assert second.actions[0].params == {"brightness_pct": 5}


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ("'lights off'", "must be a list"),
        ("['']", "must hold sentences"),
        ("[5]", "must hold sentences"),
        ("[{ entity = 'lock.x' }]", "has no command None"),
        ("[{ entity = 'lock.x', command = 'explode' }]", "has no command 'explode'"),
        ("[{ entity = 'lock.x', command = 'lock', say = 'x' }]", "must hold sentences"),
        ("[{ entity = 'lock.x', command = 'lock', params = 3 }]", "must hold sentences"),
    ],
)
def test_a_routine_of_something_else_stops_the_start(actions: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"[routines.night]\nactions = {actions}")
    assert "lares.toml:2" in str(caught.value) and message in str(caught.value)


def test_it_cannot_be_changed_once_read() -> None:
    read = parse(GOOD)
    with pytest.raises(dataclasses.FrozenInstanceError):
        read.box.name = "cellar"  # type: ignore[misc]
    with pytest.raises(TypeError):
        read.home.areas["light.desk"] = "cellar"  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("[box]\n\nnaem = 'x'", "lares.toml:3", "[box] has no key 'naem' (did you mean 'name'?)"),
        ("[mqtt]\nhots = 'x'", "lares.toml:2", "did you mean 'host'?"),
        ("[mqt]\n", "lares.toml:1", "there is no section [mqt] (did you mean 'mqtt'?)"),
        ("[zzz]\n", "lares.toml:1", "known: box, mqtt"),
        ("name = 'x'", "lares.toml:1", "there is no section [name]"),
        ("box = 3", "lares.toml", "box must be a section: [box]"),
        ("[mqtt]\nport = '1883'", "lares.toml:2", "mqtt.port must be a whole number, not '1883'"),
        ("[mqtt]\nport = true", "lares.toml:2", "must be a whole number, not True"),
        ("[mqtt]\nport = 0", "lares.toml:2", "must be a port from 1 to 65535, not 0"),
        ("[mqtt]\nport = 70000", "lares.toml:2", "must be a port"),
        ("[mqtt]\ntls = 'yes'", "lares.toml:2", "must be true or false"),
        ("[mqtt]\nhost = 7", "lares.toml:2", "must be text in quotes, not 7"),
        ("[mqtt]\nembedded = 'maybe'", "lares.toml:2", "must be one of 'auto', 'always', 'never'"),
        ("[mqtt]\npassword_file = 5", "lares.toml:2", "must be a path in quotes"),
        ("[mqtt]\npassword_file = ''", "lares.toml:2", "must be a path in quotes"),
        ("[wake]\nwords = 'okay_nabu'", "lares.toml:2", "must be a list of texts"),
        ("[wake]\nwords = [1]", "lares.toml:2", "must be a list of texts"),
        ("[turn]\n# x\nend_silence_ms = -1", "lares.toml:3", "must be at least 1, not -1"),
        ("[turn]\nvad_threshold = 1.5", "lares.toml:2", "must be between 0 and 1, not 1.5"),
        ("[turn]\nvad_threshold = nan", "lares.toml:2", "must be between 0 and 1"),
        ("[wake.sensitivity]\nkitchen = 2", "lares.toml:1", "must be between 0 and 1, not 2"),
        ("[wake.sensitivity]\nkitchen = 'high'", "lares.toml:1", "must be a number"),
        ("[turn]\nend_silence_ms = 0", "lares.toml:2", "must be at least 1"),
        ("[box]\nname = 'my box'", "lares.toml:2", "must be made of a-z, 0-9, _ and -"),
        ("[mqtt]\nprefix = 'a/#'", "lares.toml:2", "without + and #"),
        ("[llm]\ntimeout_s = 'long'", "lares.toml:2", "must be a number, not 'long'"),
        ("[home]\naliases = 'x'", "lares.toml:2", "must be a table of names"),
        ("[home.aliases]\n'light.x' = 'y'", "lares.toml:1", "must be a list of texts"),
        ("[log]\nlevel = 'loud'", "lares.toml:2", "must be one of 'debug'"),
        ("[box\nname = 1", "lares.toml", "line 1"),
        ("[box]\nname = 'a'\nname = 'b'\n", "lares.toml", "line 3"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(
    text: str, where: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    message = str(caught.value)
    assert message.startswith(f"{where}:")
    assert said in message


def test_a_file_that_cannot_be_read_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: No such file"):
        load(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b"# \xe4")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "latin.toml")


def test_a_secret_is_named_by_its_file_and_never_read_here(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2")
    read = parse(f'[mqtt]\npassword_file = "{secret}"')
    assert "hunter2" not in repr(read)
    assert not [name for name in settings() if name.endswith((".password", ".token", ".secret"))]


def test_the_state_and_the_socket_follow_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/lares:/var/lib/other")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/lares")
    assert Config().box.state_dir == Path("/var/lib/lares")
    assert Config().control_socket == Path("/run/lares/control.sock")
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", "/home/x/state")
    assert Config().control_socket == Path("/home/x/state/lares/control.sock")


def test_a_command_finds_the_service_by_its_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    installed = parse('[box]\nstate_dir = "/var/lib/lares"')
    assert installed.control_socket == Path("/run/lares/control.sock")


def test_a_secret_may_be_a_credential_of_systemd(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[mqtt]\npassword_file = "credential:mqtt-password"'
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/other.service")
    assert parse(text).mqtt.password_file == Path("/run/credentials/other.service/mqtt-password")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert parse(text).mqtt.password_file == Path("/run/credentials/laresd.service/mqtt-password")


@pytest.mark.parametrize("value", ["credential:", "credential:../shadow", "credential:a/b"])
def test_a_credential_is_a_plain_name(value: str) -> None:
    with pytest.raises(ConfigError, match=r"lares\.toml:2: mqtt\.password_file may not be"):
        parse(f'[mqtt]\npassword_file = "{value}"')


def test_only_a_secret_may_be_a_credential() -> None:
    with pytest.raises(ConfigError, match="may not be"):
        parse('[box]\nstate_dir = "credential:state"')


def test_the_example_file_shows_every_setting_with_its_default() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert parse(text) == Config()
    shown, section = set(), ""
    for line in text.splitlines():
        if header := re.match(r"(?:# )?\[([\w.]+)\]", line):
            section = re.sub(r"\.(tower|night|kids|medical|kitchen)$", "", header[1])
            shown.add(section)
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            shown.add(f"{section}.{key[1]}")
    assert not set(settings()) - shown


def test_each_host_has_a_table_of_its_own() -> None:
    read = parse('[hosts.tower]\nurl = "http://10.0.0.2:8080"\n[hosts.nas]\nkind = "ollama"')
    assert read.hosts["tower"].url == "http://10.0.0.2:8080"
    assert read.hosts["nas"].kind == "ollama"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[hosts.tower]\nurl = 1", "lares.toml:2: hosts.tower.url must be text"),
        ("[hosts.a]\n[hosts.tower]\nulr = ''", "lares.toml:3: [hosts.tower] has no key 'ulr'"),
        ("[hosts]\nurl = ''", "hosts has tables: [hosts.NAME]"),
        ("[hosts.'Big Box']", "hosts has tables: [hosts.NAME]"),
    ],
)
def test_a_wrong_host_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert told in str(caught.value)


@given(st.text(max_size=80))
def test_whatever_the_text_it_is_a_configuration_or_a_config_error(text: str) -> None:
    try:
        parse(text)
    except ConfigError as error:
        assert error.message
