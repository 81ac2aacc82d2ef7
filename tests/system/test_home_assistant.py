"""Lares in a real Home Assistant, over a real Mosquitto, and its lights under a spoken sentence."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.brokers import free_port, needs_mosquitto
from tests.system.home_assistant import PATIENCE, HomeAssistant, group, installed, running

pytestmark = pytest.mark.slow
BIN = Path(sys.executable).parent
DEMO = Path(__file__).parents[2] / "daemon" / "laresd" / "bundled" / "demo"
LAMP = "light.kitchen_light"
ANSWERED = "sensor.lares_answered_by_the_grammar"
LATENCY = "sensor.lares_turn_latency"
MODEL = "sensor.lares_language_model"
FOUNTAIN = "switch.fountain"
TALK_TIMEOUT = 120.0  # seconds; a machine that is busy is slow
UPDATE = "update.lares_software"
MUTE, LISTENING = "switch.lares_microphone_mute", "switch.lares_listening"
CONFIGURATION = """\
[box]
state_dir = "{folder}"
[mqtt]
port = {mqtt}
embedded = "never"
[audio]
enabled = {audio}
[http]
enabled = false
[scheduler]
discover = false
[actions]
echo_timeout_s = 10.0
grammar_timeout_s = 10.0
[home_assistant]
announce = {announce}
texts = true
{more}
"""
# The process that systemd starts itself is the one that it starts anew.
AS_SYSTEMD = ["sh", "-c", 'SYSTEMD_EXEC_PID=$$ exec "$0" "$@"']


@dataclass(frozen=True, slots=True)
class House:
    """A home with its broker, its devices and its Home Assistant."""

    home: HomeAssistant
    mqtt_port: int


@pytest.fixture(scope="module")
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    mosquitto = needs_mosquitto()
    folder = tmp_path_factory.mktemp("house")
    python = installed(lambda line: _aloud(request, line))
    port = free_port()
    (folder / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nuser root\n"
    )
    broker = [mosquitto, "-c", str(folder / "mosquitto.conf")]
    devices = [sys.executable, "-m", "laresd.demo.home", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with (
        group(broker, **quiet),
        group(devices, **quiet),
        running(python, folder / "config", free_port()) as home,
    ):
        home.set_up(port)
        home.until(LAMP, "on", "off")
        yield House(home, port)


def _aloud(request: pytest.FixtureRequest, line: str) -> None:
    """Minutes of silence would look like a hang."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        sys.stderr.write(f"\n{line}\n")


@contextlib.contextmanager
def laresd(
    house: House,
    folder: Path,
    *,
    audio: bool = False,
    announce: bool = True,
    more: str = "",
    environment: dict[str, str] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """The daemon, from its start on; its state stays in `folder`."""
    (folder / "lares.toml").write_text(
        CONFIGURATION.format(
            folder=folder,
            mqtt=house.mqtt_port,
            audio=str(audio).lower(),
            announce=str(announce).lower(),
            more=more,
        )
    )
    command = [*AS_SYSTEMD, str(BIN / "laresd"), "--config", str(folder / "lares.toml")]
    with (
        (folder / "laresd.log").open("a") as log,
        group(command, stdout=log, stderr=log, env=environment) as process,
    ):
        yield process


def lares(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "lares"), *arguments, "--config", str(folder / "lares.toml")]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=TALK_TIMEOUT
    )


def done(folder: Path, *arguments: str) -> str:
    """What `lares` prints, once the engines of the daemon are ready and it is good."""
    end = time.monotonic() + PATIENCE
    while (told := lares(folder, *arguments)).returncode != 0:
        if time.monotonic() > end:
            raise AssertionError(f"{arguments}: {told.stdout}{told.stderr}\n{log_of(folder)}")
        time.sleep(1.0)
    return told.stdout


def said(folder: Path, recording: str) -> str:
    """What comes of a spoken sentence."""
    return done(folder, "say", str(DEMO / recording))


def log_of(folder: Path) -> str:
    return (folder / "laresd.log").read_text()[-4000:]


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)


def test_the_box_arrives_changes_goes_when_it_is_killed_and_comes_back(
    house: House, tmp_path: Path
) -> None:
    home = house.home
    with laresd(house, tmp_path) as process:
        home.becomes(MODEL, lambda state: state.startswith("SmolLM2"), "the embedded model's name")
        assert home.state(ANSWERED) == "0"
        states = home.states()
        assert states["sensor.lares_computing_energy_estimated"]["state"] == "0.0"
        assert "estimated" in str(states["sensor.lares_computing_power_estimated"]["attributes"])
        assert MUTE not in states  # there is no microphone here
        home.until(UPDATE, "unknown")  # nobody has told of a newer one, nor that there is none
        home.publish("lares/lares/update/latest", "99.0")
        home.until(UPDATE, "on")
        said(tmp_path, "kitchen-light.wav")
        home.until(ANSWERED, "1")
        latency = home.becomes(LATENCY, lambda state: state.isdigit(), "a number")
        assert 0 < int(latency) < 1000 * PATIENCE
        assert home.state("sensor.lares_last_heard").casefold() == "turn on the kitchen light"
        kill(process)
        home.until(ANSWERED, "unavailable")
        assert home.state(MODEL) == "unavailable"
    with laresd(house, tmp_path) as process:
        home.until(ANSWERED, "0")
        process.terminate()  # a clean end says so, too
        assert process.wait(timeout=30) == 0
        home.until(ANSWERED, "unavailable")


def test_a_spoken_sentence_switches_a_light_that_home_assistant_sees(
    house: House, tmp_path: Path
) -> None:
    home = house.home
    with laresd(house, tmp_path):
        home.call("light.turn_off", LAMP)
        home.until(LAMP, "off")
        told = said(tmp_path, "kitchen-light.wav")
        assert "Turned on the kitchen light." in told
        home.until(LAMP, "on")


def test_what_is_switched_in_home_assistant_is_so_here_and_stays_so(
    house: House, room: dict[str, str], tmp_path: Path
) -> None:
    home, speak = house.home, Path(__file__).with_name("speak.py")
    wake = "event.lares_wake_word"

    def aloud() -> None:
        command = [sys.executable, str(speak), str(DEMO / "kitchen-light.wav")]
        subprocess.run(command, env=room, check=True, timeout=60)

    with laresd(house, tmp_path, audio=True, environment=room) as process:
        home.until(MUTE, "off")
        home.until(LISTENING, "on")
        said(tmp_path, "front-door.wav")  # its ears are ready
        heard = home.becomes(wake, lambda state: state.startswith("2"), "a time")
        home.call("switch.turn_on", MUTE)
        home.until(MUTE, "on")
        aloud()
        time.sleep(2.0)  # in which a wake word would be told
        assert home.state(wake) == heard
        kill(process)
        home.until(MUTE, "unavailable")
    with laresd(house, tmp_path, audio=True, environment=room) as process:
        home.until(MUTE, "on")
        said(tmp_path, "front-door.wav")
        heard = home.state(wake)
        home.call("light.turn_off", LAMP)
        home.call("switch.turn_off", MUTE)
        home.until(MUTE, "off")
        aloud()
        home.becomes(wake, lambda state: state > heard, f"later than {heard}")
        home.until(LAMP, "on")  # a microphone, a sentence, a broker, a lamp
        home.call("switch.turn_off", LISTENING)
        home.until(LISTENING, "off")
        home.call("notify.send_message", "notify.lares_say", message="dinner is ready")
        home.call("button.press", "button.lares_restart")
        assert process.wait(timeout=60) == 0, log_of(tmp_path)


def test_switched_off_in_the_configuration_it_is_gone(house: House, tmp_path: Path) -> None:
    home = house.home
    with laresd(house, tmp_path):
        home.until(ANSWERED, "0")
    with laresd(house, tmp_path, announce=False):
        home.becomes(ANSWERED, lambda state: not state, "gone")


def test_a_switch_that_is_on_no_broker_is_commanded_over_home_assistant_s_api(
    house: House, tmp_path: Path
) -> None:
    home, token = house.home, tmp_path / "token"
    token.write_text(home.token)
    more = f'url = "{home.url}"\ntoken_file = "{token}"\ndomains = ["switch", "light"]'
    home.until(FOUNTAIN, "off")
    with laresd(house, tmp_path, more=more):
        told = done(tmp_path, "ask", "turn on the garden fountain")
        assert told.startswith("Turned on")
        home.until(FOUNTAIN, "on")
        home.call("switch.turn_off", FOUNTAIN)
        home.until(FOUNTAIN, "off")
        assert done(tmp_path, "ask", "is the garden fountain on").strip().startswith("No")
        home.call("light.turn_off", LAMP)
        home.until(LAMP, "off")
        # the lamp is on MQTT and in Home Assistant: one lamp, not two of the same name
        told = done(tmp_path, "ask", "turn on the kitchen light")
        assert told.startswith("Turned on")
        home.until(LAMP, "on")
        listed = done(tmp_path, "devices")
        assert listed.casefold().count("kitchen light") == 1
        assert "lares" not in listed.casefold()  # nor does it command itself
