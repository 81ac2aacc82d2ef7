"""The root file system that every host begins with: a Debian 12 that is made once and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

CACHE = Path(os.environ.get("LARES_HOSTS") or Path.home() / ".cache/lares-hosts")
SUITE = "bookworm"
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "openssh-server", "python3", "python3-venv",
    "python3-packaging", "iproute2", "ca-certificates", "mosquitto", "mosquitto-clients",
    "libportaudio2", "libgomp1", "espeak-ng", "procps", "curl",
)  # fmt: skip
TOOLS = ("debootstrap", "systemd-nspawn", "nsenter", "ip")


def missing() -> str:
    """Why no hosts can be booted here; "" where they can."""
    if os.geteuid() != 0:
        return "hosts are booted by root"
    lacking = [tool for tool in TOOLS if shutil.which(tool) is None]
    if lacking:
        return f"{', '.join(lacking)} not there: apt install debootstrap systemd-container iproute2"
    if not base().exists() and not os.environ.get("LARES_HOSTS_MAKE"):
        return "no base image: `python -m tests.system.hosts base` makes it in some minutes"
    return ""


def base() -> Path:
    """Where the image of exactly these packages is, made or not."""
    key = hashlib.sha256(" ".join((SUITE, *PACKAGES)).encode()).hexdigest()[:12]
    return CACHE / f"base-{key}"


def made() -> Path:
    """The image; the first time this takes some minutes. The mirror is this machine's own."""
    image = base()
    if image.exists():
        return image
    CACHE.mkdir(parents=True, exist_ok=True)
    unfinished = CACHE / f"unfinished-{os.getpid()}"
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE]
    try:
        with (CACHE / "debootstrap.log").open("wb") as log:
            subprocess.run(
                [*command, str(unfinished), *_mirror()], check=True, stdout=log, stderr=log
            )
        _silence(unfinished)
        unfinished.rename(image)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return image


def _silence(root: Path) -> None:
    """Have no service of a package start by itself, and no keys of hosts that are the same."""
    for unit in ("mosquitto.service", "ssh.service"):
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")


def _mirror() -> list[str]:
    """The address that apt uses on this machine; none: debootstrap's own choice."""
    sources = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("debian*")]
    for source in sources:
        for line in source.read_text().splitlines() if source.exists() else ():
            if line.startswith(("URIs:", "deb ")):
                words = [word for word in line.split() if word.startswith("http")]
                if words and "security" not in words[0]:
                    return words[:1]
    return []
