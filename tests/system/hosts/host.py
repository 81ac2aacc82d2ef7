"""One host: an overlay on the base image, booted by systemd-nspawn in a network of its own.

What does not work in such a host is in firmware-notes/systemd.md: memory limits, IPAddressDeny and
netem among it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.system.hosts.base import CACHE, made

NETWORK = "10.77.0"  # of every fleet: each has a network namespace of its own
BOOT_S = 60.0
_SHUT_DOWN = signal.SIGRTMIN + 4  # to systemd as PID 1 in a container: poweroff.target


class HostError(Exception):
    """A host that did not do what it was told."""


@dataclass(frozen=True, slots=True)
class Host:
    """A booted one. `leader`: its PID 1, as this machine sees it."""

    name: str
    address: str
    root: Path
    console: Path
    leader: int
    nspawn: subprocess.Popen[bytes]

    def run(self, *command: str, check: bool = True, timeout: float = 60.0) -> str:
        """What a command in the host printed, both streams. Raises HostError where it failed."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.leader), "-a", *command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
        )
        text = done.stdout.decode(errors="replace").strip()
        if check and done.returncode:
            raise HostError(f"{' '.join(command)}: {done.returncode}: {text}")
        return text

    def shell(self, script: str, check: bool = True, timeout: float = 60.0) -> str:
        return self.run("sh", "-c", script, check=check, timeout=timeout)

    def property(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", "--property", name, "--value", unit)

    def journal(self, unit: str, *options: str) -> str:
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit, *options)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file of the host, root's; seen at once by what runs there."""
        script = f"mkdir -p {Path(path).parent} && cat >{path} && chmod {mode:o} {path}"
        subprocess.run(
            ["nsenter", "-t", str(self.leader), "-a", "sh", "-c", script],
            input=text.encode(),
            check=True,
            timeout=60,
        )

    def until(self, what: str, met: Callable[[], bool], timeout: float = 60.0) -> float:
        """Seconds until it is so; raises HostError with the last of the journal when it is not."""
        began = time.monotonic()
        while not met():
            if time.monotonic() - began > timeout:
                tail = self.run("journalctl", "--no-pager", "-n", "40", check=False)
                raise HostError(f"{self.name}: not within {timeout:g} s: {what}\n{tail}")
            time.sleep(0.05)
        return time.monotonic() - began

    def pull_the_plug(self) -> None:
        """Every process of the host ends at once, and nothing is written any more."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.leader, signal.SIGKILL)
        self.nspawn.wait(timeout=30)


@dataclass(frozen=True, slots=True)
class Fleet:
    """A network namespace with a bridge, where this machine is .1 and its hosts begin at .11."""

    name: str
    folder: Path

    def boot(self, number: int, binds: Mapping[Path, str] | None = None) -> Host:
        """`binds`: folders of this machine, by where the host sees them, read-only. A host that
        was booted before has what it wrote then. Raises HostError.
        """
        name = f"h{number}"
        place, address = self.folder / name, f"{NETWORK}.{10 + number}"
        root = _mounted(place)
        _furnish(root, name, address)
        command = [
            *("nsenter", f"--net=/run/netns/{self.name}"),
            *("systemd-nspawn", "-q", "-D", str(root), "-M", f"{self.name}-{name}", "--boot"),
            *("--register=no", "--keep-unit", "--console=pipe", "--resolv-conf=off"),
            "--network-bridge=br0",
            *(f"--bind-ro={source}:{target}" for source, target in (binds or {}).items()),
        ]
        console = place / "console.log"
        with console.open("ab") as log:
            nspawn = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
        host = Host(name, address, root, console, _leader(nspawn, console), nspawn)
        states = ("running", "degraded")
        is_up = ("systemctl", "is-system-running")
        host.until("booted", lambda: host.run(*is_up, check=False) in states, BOOT_S)
        return host

    def shut_down(self, host: Host, *, wipe: bool = True) -> None:
        if host.nspawn.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(host.leader, _SHUT_DOWN)
            try:
                host.nspawn.wait(timeout=20)
            except subprocess.TimeoutExpired:
                host.pull_the_plug()
        subprocess.run(["umount", str(host.root)], check=False, capture_output=True)
        if wipe:
            shutil.rmtree(host.root.parent, ignore_errors=True)


@contextlib.contextmanager
def fleet(name: str = "") -> Iterator[Fleet]:
    """`name`: at most 10 letters; "": of this process. What its hosts wrote goes with it."""
    name = name or f"lh{os.getpid()}"
    folder = CACHE / "run" / name
    folder.mkdir(parents=True, exist_ok=True)
    made()
    _ip("netns", "add", name)
    try:
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "link", "add", "br0", "type", "bridge")
        _ip("-n", name, "addr", "add", f"{NETWORK}.1/24", "dev", "br0")
        _ip("-n", name, "link", "set", "br0", "up")
        yield Fleet(name, folder)
    finally:
        for root in folder.glob("*/root"):
            subprocess.run(["umount", str(root)], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
        if not any(root.is_mount() for root in folder.glob("*/root")):
            shutil.rmtree(folder, ignore_errors=True)


def _mounted(place: Path) -> Path:
    layers = {part: place / part for part in ("upper", "work", "root")}
    for layer in layers.values():
        layer.mkdir(parents=True, exist_ok=True)
    root = layers["root"]
    if not root.is_mount():
        options = f"lowerdir={made()},upperdir={layers['upper']},workdir={layers['work']}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(root)], check=True)
    return root


def _furnish(root: Path, name: str, address: str) -> None:
    """Its name and its address; a machine id of its own is made at its first boot."""
    (root / "etc/hostname").write_text(f"{name}\n")
    machine_id = root / "etc/machine-id"
    if not (root / "etc/systemd/network/host0.network").exists():
        machine_id.write_text("")
    networks = root / "etc/systemd/network"
    networks.mkdir(parents=True, exist_ok=True)
    (networks / "host0.network").write_text(
        f"[Match]\nName=host0\n[Network]\nAddress={address}/24\nGateway={NETWORK}.1\n"
        "DHCP=no\nLinkLocalAddressing=no\n"
    )
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    networkd = wants / "systemd-networkd.service"
    if not networkd.is_symlink():
        networkd.symlink_to("/lib/systemd/system/systemd-networkd.service")


def _leader(nspawn: subprocess.Popen[bytes], console: Path) -> int:
    """PID 1 of the host: the child of nspawn that has become systemd."""
    for _ in range(300):
        children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children")
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return int(child)
        if nspawn.poll() is not None:
            break
        time.sleep(0.1)
    raise HostError(f"the host did not begin to boot: {console.read_text()[-2000:]}")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
