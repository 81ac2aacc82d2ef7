"""What the doctor sees on boards that are not this one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from laresd.backends.audio.portaudio import Device
from laresd.backends.checks import broker, machine, models, places, sound
from laresd.backends.checks.finding import Finding, Verdict
from laresd.backends.modelstore.memory import Memory
from laresd.backends.modelstore.store import ModelStore
from laresd.config import Audio, Config, Llm, Mqtt, Speech
from laresd.errors import Permanent

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL
GIB = 1 << 30


def put(root: Path, name: str, text: str) -> Path:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def verdicts(findings: list[Finding]) -> list[Verdict]:
    return [finding.verdict for finding in findings]


def test_python_and_processor(tmp_path: Path) -> None:
    assert machine.python((3, 12)).verdict is OK
    assert machine.python((3, 14)).verdict is WARN
    put(tmp_path, "proc/cpuinfo", "Features : fp asimd aes asimdhp cpuid asimdrdm asimddp\n")
    assert machine.processor("aarch64", tmp_path).verdict is OK
    put(tmp_path, "proc/cpuinfo", "Features : fp asimd evtstrm crc32 cpuid\n")  # a Pi 4
    assert "without dotprod" in machine.processor("aarch64", tmp_path).text
    assert machine.processor("armv7l", tmp_path).verdict is FAIL


@pytest.mark.parametrize(("text", "verdict"), [("52000\n", OK), ("84500\n", WARN)])
def test_temperature(text: str, verdict: Verdict, tmp_path: Path) -> None:
    assert machine.temperature(tmp_path) == []
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", text)
    assert verdicts(machine.temperature(tmp_path)) == [verdict]


@pytest.mark.parametrize(
    ("bits", "verdict", "said"),
    [
        ("0", OK, "enough"),
        ("50005", WARN, "under-voltage, throttled right now"),
        ("80000", WARN, "soft temperature limit since the start"),
    ],
)
def test_a_raspberry_pi_tells_of_its_power(
    bits: str, verdict: Verdict, said: str, tmp_path: Path
) -> None:
    assert machine.throttling(tmp_path) == []
    put(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", bits + "\n")
    (found,) = machine.throttling(tmp_path)
    assert found.verdict is verdict
    assert said in found.text


def test_clock(tmp_path: Path) -> None:
    assert machine.clock(86_400.0, 1.79e9, tmp_path).verdict is FAIL
    assert machine.clock(1.8e9, 1.79e9, tmp_path).verdict is OK
    (tmp_path / "run/systemd/timesync").mkdir(parents=True)
    assert machine.clock(1.8e9, 1.79e9, tmp_path).verdict is WARN
    put(tmp_path, "run/systemd/timesync/synchronized", "")
    assert machine.clock(1.8e9, 1.79e9, tmp_path).verdict is OK


@pytest.mark.parametrize(("free", "verdict"), [(50 * GIB, OK), (GIB // 2, WARN), (1 << 20, FAIL)])
def test_disk(free: int, verdict: Verdict, tmp_path: Path) -> None:
    assert machine.disk(tmp_path / "not" / "yet", lambda path: free).verdict is verdict


def test_a_card_that_became_read_only(tmp_path: Path) -> None:
    put(
        tmp_path,
        "proc/mounts",
        "/dev/a / ext4 rw 0 0\n/dev/b /var/my\\040data ext4 ro,noatime 0 0\n",
    )
    assert machine.read_only(Path("/home/x"), tmp_path) == []
    (found,) = machine.read_only(Path("/var/my data/lares"), tmp_path)
    assert (found.verdict, found.text) == (FAIL, "/var/my data is mounted read-only")


def test_state_folder(tmp_path: Path) -> None:
    assert places.state_dir(tmp_path / "new").verdict is OK
    assert places.state_dir(tmp_path, lambda path, mode: False).verdict is FAIL
    assert places.state_dir(put(tmp_path, "file", "")).verdict is FAIL


def test_a_password_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    assert places.secret(None, "mqtt.password_file") == []
    assert verdicts(places.secret(tmp_path / "absent", "mqtt.password_file")) == [FAIL]
    file = put(tmp_path, "password", "hunter2\n")
    file.chmod(0o644)
    (found,) = places.secret(file, "mqtt.password_file")
    assert (found.verdict, found.remedy) == (FAIL, f"chmod 600 {file}")
    file.chmod(0o600)
    (found,) = places.secret(file, "mqtt.password_file")
    assert found.verdict is OK
    assert "hunter2" not in repr(found)
    file.write_text("\n")
    assert verdicts(places.secret(file, "mqtt.password_file")) == [FAIL]


def test_sound_rights(tmp_path: Path) -> None:
    assert places.sound_rights(tmp_path) == []
    put(tmp_path, "dev/snd/pcmC0D0p", "")
    assert places.sound_rights(tmp_path) == []
    (found,) = places.sound_rights(tmp_path, lambda path, mode: False)
    assert "usermod -aG audio" in found.remedy


CARD = [Device(0, "ReSpeaker", 2, 0, 16000), Device(1, "HDMI", 0, 2, 48000)]


def test_sound_devices() -> None:
    assert verdicts(sound.devices(Audio(), lambda: CARD)) == [OK, OK]
    assert verdicts(sound.devices(Audio(), lambda: [])) == [WARN, WARN]
    assert verdicts(sound.devices(Audio(enabled=False), lambda: [])) == [OK]
    (microphone, _) = sound.devices(Audio(input="jabra"), lambda: CARD)
    assert microphone.text == "no microphone is called 'jabra'; there is 'ReSpeaker'"

    def missing() -> list[Device]:
        raise Permanent("PortAudio is not installed", remedy="sudo apt install libportaudio2")

    (found,) = sound.devices(Audio(), missing)
    assert (found.verdict, found.remedy) == (FAIL, "sudo apt install libportaudio2")


def test_voice() -> None:
    assert sound.voice(lambda name: f"/usr/bin/{name}").verdict is OK
    assert sound.voice(lambda name: None).remedy == "sudo apt install espeak-ng"


def test_models(tmp_path: Path) -> None:
    store = ModelStore(tmp_path, bundled=tmp_path / "absent")
    config = Config(llm=Llm(model=str(put(tmp_path, "bad.gguf", "no model"))))
    assert verdicts(models.used(config, store, None)) == [FAIL, FAIL]
    board = Memory(total=8 * GIB, available=10 << 20)
    found = models.used(Config(), store, board)
    assert verdicts(found) == [FAIL, OK, WARN]
    assert "of which 0.0 GiB are free" in found[2].text


def test_a_voice_is_looked_at_only_where_one_is_chosen(tmp_path: Path) -> None:
    store = ModelStore(tmp_path, bundled=tmp_path / "absent")
    config = Config(llm=Llm(enabled=False), speech=Speech(model=str(tmp_path / "no.onnx")))
    assert verdicts(models.used(config, store, None)) == [FAIL, FAIL]
    assert len(models.used(Config(llm=Llm(enabled=False)), store, None)) == 1


@contextmanager
def broker_that_answers(answer: bytes) -> Iterator[Mqtt]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield Mqtt(port=listening.getsockname()[1], embedded="never")
        thread.join()


@pytest.mark.parametrize(
    ("answer", "verdict", "said"),
    [
        (b"\x20\x02\x00\x00", OK, "lets everybody in"),
        (b"\x20\x02\x00\x04", FAIL, "refuses the user name or password"),
        (b"\x20\x02\x00\x05", FAIL, "does not allow this user in"),
        (b"HTTP/1.1 400", FAIL, "does not speak MQTT"),
        (b"", FAIL, "does not speak MQTT"),
    ],
)
def test_a_broker_that_answers(answer: bytes, verdict: Verdict, said: str) -> None:
    with broker_that_answers(answer) as settings:
        found = broker.reachable(settings)
    assert found.verdict is verdict
    assert said in found.text


def test_a_broker_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert broker.reachable(Mqtt(port=port, embedded="never")).verdict is FAIL
    assert broker.reachable(Mqtt(port=port)).verdict is OK  # laresd starts its own
    absent = Mqtt(password_file=Path("/absent"), embedded="never")
    assert broker.reachable(absent).verdict is FAIL
