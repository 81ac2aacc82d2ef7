"""The daemon as a service of a real systemd host: it is ready when it hears, dies and comes back,
takes in its configuration, its secrets and its sockets, and leaves a home never for good.

The host is Debian 12 in namespaces of this machine: tests/system/hosts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.system.hosts import lares, memory
from tests.system.hosts.base import missing
from tests.system.hosts.host import Fleet, Host, fleet
from tests.system.hosts.lares import SMALL, drop_in, main_pid, start

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]

UNIT = "laresd.service"
WORKERS = {"listen", "whisper", "grammar", "speech", "llm"}


@pytest.fixture(scope="module")
def net() -> Iterator[Fleet]:
    with fleet() as made:
        yield made


@pytest.fixture(scope="module")
def installed(net: Fleet) -> Iterator[Host]:
    host = net.boot(1, lares.binds())
    lares.install(host)
    yield host
    net.shut_down(host)


@pytest.fixture
def host(installed: Host) -> Iterator[Host]:
    """With the units as they are shipped, and nothing running."""
    yield installed
    everything = "laresd-again.timer laresd-http.socket laresd-wyoming.socket laresd.service"
    installed.shell(f"systemctl stop {everything} laresd-canary@dev.service", check=False)
    installed.run("rm", "-rf", "/etc/systemd/system/laresd.service.d")
    installed.run("rm", "-rf", "/etc/systemd/system/laresd-again.timer.d")
    installed.run("systemctl", "daemon-reload")
    installed.run("systemctl", "reset-failed")
    installed.write("/etc/lares/lares.toml", SMALL)


def engines(host: Host) -> dict[str, int]:
    """The workers of the daemon, and their processes."""
    group = "/sys/fs/cgroup/lares.slice/laresd.service/cgroup.procs"
    script = f"for p in $(cat {group}); do echo $p $(tr '\\0' ' ' </proc/$p/cmdline); done"
    found = {}
    for line in host.shell(script).splitlines():
        words = line.split()
        if "laresd.engines." in words[-1]:
            found[words[-1].removeprefix("laresd.engines.")] = int(words[0])
    return found


def ask(host: Host, text: str, settings: str = "/etc/lares/lares.toml") -> str:
    program = "/opt/lares/current/bin/lares"
    return host.run(program, "ask", "--config", settings, text, check=False)


def serves(host: Host) -> bool:
    return ask(host, "what time is it").startswith("It is")


def status_text(host: Host) -> str:
    return host.property(UNIT, "StatusText")


def restarts(host: Host) -> int:
    return int(host.property(UNIT, "NRestarts"))


def test_it_is_ready_only_when_its_engines_are(host: Host) -> None:
    start(host)
    assert status_text(host) == "ready: 0 devices"
    assert serves(host)
    entries = host.journal(UNIT, "-b").splitlines()
    ready = max(at for at, line in enumerate(entries) if line.startswith("Started laresd"))
    loaded = [at for at, line in enumerate(entries) if " is ready (pid " in line]
    assert set(engines(host)) == WORKERS
    assert len(loaded) == len(WORKERS) and max(loaded) < ready


def test_an_engine_that_cannot_be_had_costs_its_part_and_not_the_house(host: Host) -> None:
    host.write("/etc/lares/lares.toml", SMALL + '[llm]\nmodel = "/srv/absent.gguf"\n')
    start(host)
    assert "not all engines" in status_text(host)
    assert serves(host)


def test_it_stops_cleanly_and_leaves_nobody_behind(host: Host) -> None:
    start(host)
    host.run("systemctl", "stop", UNIT, timeout=10)
    assert host.property(UNIT, "Result") == "success"
    assert host.shell("pgrep -u lares", check=False) == ""


def test_a_daemon_that_hangs_is_started_again(host: Host) -> None:
    drop_in(host, UNIT, "fast", "[Service]\nWatchdogSec=4s\nTimeoutAbortSec=1s\n")
    start(host)
    before = main_pid(host)
    host.run("kill", "-STOP", str(before))
    host.until("started again", lambda: restarts(host) == 1, 30)
    host.until("serves again", lambda: serves(host), 120)
    assert main_pid(host) != before
    assert "watchdog" in host.journal(UNIT, "-b")


def test_a_daemon_that_is_killed_comes_back_and_its_workers_do_not_outlive_it(host: Host) -> None:
    start(host)
    before, old = main_pid(host), engines(host)
    host.run("kill", "-KILL", str(before))
    host.until("serves again", lambda: restarts(host) == 1 and serves(host), 120)
    assert not set(old.values()) & set(engines(host).values())


def test_a_worker_that_is_killed_is_replaced_alone(host: Host) -> None:
    start(host)
    before, old = main_pid(host), engines(host)
    host.run("kill", "-KILL", str(old["speech"]))
    host.until("replaced", lambda: engines(host).get("speech", old["speech"]) != old["speech"])
    assert main_pid(host) == before and restarts(host) == 0
    assert {**engines(host), "speech": 0} == {**old, "speech": 0}


def test_workers_are_the_first_to_go_when_memory_runs_out(host: Host) -> None:
    start(host)

    def score(pid: int) -> int:
        return int(host.run("cat", f"/proc/{pid}/oom_score_adj"))

    scores = {name: score(pid) for name, pid in engines(host).items()}
    assert all(score(main_pid(host)) + 300 <= each for each in scores.values())
    assert max(scores, key=scores.__getitem__) == "llm"  # speech and hearing wait for nobody


HUNGRY = """
import os, sys, threading, time
def eat():
    while not os.path.exists("/var/lib/lares/eat"):
        time.sleep(0.05)
    os.unlink("/var/lib/lares/eat")
    held = []
    while True:
        held.append(os.urandom(1 << 20))
if sys.orig_argv[-1] == "laresd.engines.speech":
    threading.Thread(target=eat, daemon=True).start()
"""


@pytest.mark.skipif(not memory.can_be(), reason="needs a memory controller of cgroup version 1")
def test_a_worker_that_eats_memory_is_killed_alone(host: Host) -> None:
    site = host.shell(f"echo {lares.RELEASE}/lib/python3*/site-packages")
    host.write(f"{site}/hungry.py", HUNGRY)
    host.write(f"{site}/hungry.pth", "import hungry\n")
    start(host)
    before, old = main_pid(host), engines(host)
    with memory.limited(host, UNIT, megabytes=400):
        host.run("touch", "/var/lib/lares/eat")
        host.until("replaced", lambda: engines(host).get("speech", old["speech"]) != old["speech"])
    assert "was killed by SIGKILL" in host.journal(UNIT, "-b", "-n", "20")
    assert main_pid(host) == before and restarts(host) == 0
    assert {**engines(host), "speech": 0} == {**old, "speech": 0}
    host.run("rm", f"{site}/hungry.py", f"{site}/hungry.pth")


def test_a_daemon_that_failed_for_good_gets_another_chance(host: Host) -> None:
    host.write("/etc/lares/lares.toml", "[box]\nnmae = 1\n")
    drop_in(host, UNIT, "fast", "[Unit]\nStartLimitBurst=3\n[Service]\nRestartSec=100ms\n")
    drop_in(host, "laresd-again.timer", "fast", "[Timer]\nOnActiveSec=\nOnActiveSec=3s\n")
    host.run("systemctl", "start", "--no-block", UNIT)
    host.until("given up", lambda: host.property(UNIT, "ActiveState") == "failed", 60)
    assert "did you mean 'name'?" in host.journal(UNIT, "-b")
    host.write("/etc/lares/lares.toml", SMALL)
    host.until("serves without anybody's help", lambda: serves(host), 120)


RULES = """\
[risk_rules.porch]
names = ["porch"]
risk = "never"
[routines."good night"]
actions = ["turn off the lights"]
[log]
level = "debug"
"""

KNOWN = 'I could not do "turn off the lights".'  # of the routine, in a home without lights

CALLER = """
import json, socket, sys
def describe(lines, connection):
    connection.sendall(json.dumps({"type": "describe"}).encode() + b"\\n")
    header = json.loads(lines.readline())
    lines.read(header.get("data_length", 0))
    print(header["type"], flush=True)
connection = socket.create_connection(("127.0.0.1", 10300))
lines = connection.makefile("rb")
describe(lines, connection)
sys.stdin.readline()
describe(lines, connection)
"""


def test_a_reload_takes_in_what_it_can_and_cuts_nobody_off(host: Host) -> None:
    start(host)
    pid = main_pid(host)
    host.write("/root/caller.py", CALLER)
    calling = "exec 3<>/root/go; python3 /root/caller.py <&3 >/root/said 2>&1"
    host.run("mkfifo", "-m", "600", "/root/go")
    host.run("systemd-run", "--quiet", "--unit=caller", "sh", "-c", calling)
    host.until("one answer", lambda: host.shell("cat /root/said", check=False) == "info")
    assert ask(host, "good night") != KNOWN
    changed = SMALL + RULES + "[turn]\nend_silence_ms = 900\n"
    host.write("/etc/lares/lares.toml", changed)
    host.run("systemctl", "reload", UNIT)
    host.until("taken in", lambda: "turn.end_silence_ms" in status_text(host), 20)
    said = host.journal(UNIT, "-b")
    now = "in force now: risk_rules.porch, routines.good night, log.level"
    assert now in said
    assert "in force after `systemctl restart laresd`: turn.end_silence_ms" in said
    assert ask(host, "good night") == KNOWN
    host.shell("echo >/root/go")
    host.until("the same caller again", lambda: host.run("cat", "/root/said") == "info\ninfo")
    assert main_pid(host) == pid and host.property(UNIT, "ActiveState") == "active"
    host.run("rm", "/root/go", "/root/said")


def test_a_configuration_that_is_wrong_changes_nothing(host: Host) -> None:
    start(host)
    host.write("/etc/lares/lares.toml", SMALL + RULES)
    host.run("systemctl", "reload", UNIT)
    host.until("taken in", lambda: "in force now" in host.journal(UNIT, "-b", "-n", "20"), 20)
    host.write("/etc/lares/lares.toml", SMALL + '[risk_rules.gate]\nrisk = "perhaps"\n')
    host.run("systemctl", "reload", UNIT)
    host.until("refused", lambda: "running by the old configuration" in status_text(host), 20)
    assert "risk_rules.gate.risk must be one of" in host.journal(UNIT, "-b", "-n", "30")
    host.write("/root/right.toml", SMALL)  # for the command, which reads it, too
    assert ask(host, "good night", "/root/right.toml") == KNOWN


def test_secrets_come_as_credentials(host: Host) -> None:
    token = "h4-" + "x7" * 20
    host.write("/etc/credstore/lares.http-token", token, 0o600)
    with_token = SMALL + '[http]\ntoken_file = "credential:http-token"\n'
    host.write("/etc/lares/lares.toml", with_token)
    start(host)
    curl = "curl -s -o /dev/null -w %{http_code} http://127.0.0.1:8765/v1/models"
    assert host.shell(curl) == "401"
    assert host.shell(f"{curl} -H 'Authorization: Bearer {token}'") == "200"
    told = host.journal(UNIT, "-b") + host.shell("cat /proc/$(pgrep -o laresd)/environ")
    assert token not in told
    host.run("rm", "/etc/credstore/lares.http-token")


def test_who_calls_while_it_starts_again_waits_and_is_answered(host: Host) -> None:
    host.run("systemctl", "start", "laresd-http.socket", "laresd-wyoming.socket")
    curl = "curl -s -o /dev/null -w %{http_code} --max-time 120 http://127.0.0.1:8765/v1/models"
    assert host.shell(curl, timeout=150) == "200"  # the call itself started the daemon
    host.run("systemctl", "kill", "--signal=KILL", UNIT)
    assert host.shell(curl, timeout=150) == "200"
    assert restarts(host) == 1
    listening = host.shell("ss -ltnH 'sport = :8765 or sport = :10300'")
    assert len(listening.splitlines()) == 2


def test_the_journal_has_the_stages_of_each_turn_and_not_what_was_said(host: Host) -> None:
    start(host)
    assert serves(host)
    entries = host.run("journalctl", "-b", "-u", UNIT, "-o", "json").splitlines()
    turns = [entry for entry in map(json.loads, entries) if "LARES_TURN" in entry]
    assert turns[-1]["LARES_CLOSING"] == "text"
    assert int(turns[-1]["LARES_STAGE_MS_UNDERSTAND"]) >= 0
    assert turns[-1]["PRIORITY"] == "6" and turns[-1]["_SYSTEMD_UNIT"] == UNIT
    assert "time is" not in "\n".join(entries)
    found = host.run("journalctl", "-b", "-o", "cat", f"LARES_TURN={turns[-1]['LARES_TURN']}")
    assert f"turn={turns[-1]['LARES_TURN']} source=control" in found


CANARY = """\
[box]
name = "h1-canary"
[audio]
enabled = false
[mqtt]
prefix = "lares-canary"
embedded = "never"
[home_assistant]
announce = false
[wyoming]
enabled = false
[http]
port = 8799
[scheduler]
discover = false
"""


def test_a_canary_runs_beside_the_daemon_that_serves(host: Host) -> None:
    start(host)
    host.write("/etc/lares/canary-dev.toml", CANARY)
    start(host, "laresd-canary@dev.service")
    code = "curl -s -o /dev/null -w %{http_code} http://127.0.0.1:"
    assert host.shell(f"{code}8799/v1/models") == host.shell(f"{code}8765/v1/models") == "200"
    mounted = f"/proc/{main_pid(host, 'laresd-canary@dev.service')}/root/var/lib/lares"
    assert host.shell(f"ls {mounted}/timers.db", check=False).startswith("ls: cannot access")
    assert "timers.db" in host.run("ls", "/var/lib/lares-canary/dev")
    assert serves(host) and restarts(host) == 0


def test_jobs_of_the_night_are_planned_and_run(host: Host) -> None:
    host.run("systemctl", "start", "lares-backup.timer", "lares-check.timer")
    planned = host.run("systemctl", "list-timers", "--all")
    assert "lares-backup.service" in planned and "lares-check.service" in planned
    start(host)
    host.shell("systemctl start lares-check.service", check=False, timeout=120)
    said = host.journal("lares-check.service", "-b")
    assert "laresd" in said and "Traceback" not in said


def test_a_host_whose_plug_was_pulled_comes_back_to_a_daemon_that_serves(net: Fleet) -> None:
    host = net.boot(2, lares.binds())
    lares.install(host)
    host.run("systemctl", "enable", UNIT)
    start(host)
    host.run("sync")
    host.pull_the_plug()
    host = net.boot(2, lares.binds())
    host.until("serves", lambda: serves(host), 120)
    net.shut_down(host)
