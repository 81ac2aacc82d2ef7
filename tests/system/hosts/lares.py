"""Lares on a host: the packages and the source of this checkout, seen read-only, in a release."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from tests.system.hosts.host import Host

CHECKOUT = Path(__file__).parents[3]
RELEASE = "/opt/lares/releases/dev"
SMALL = """\
[box]
name = "h1"
[audio]
enabled = false
[wyoming]
announce = false
[scheduler]
discover = false
"""


def binds() -> dict[Path, str]:
    """What the host must be booted with. Its Python is Debian's, of the same minor version."""
    site = Path(sysconfig.get_paths()["purelib"])
    return {site: "/srv/site-packages", CHECKOUT / "daemon": "/srv/daemon"}


def install(host: Host, settings: str = SMALL, release: str = RELEASE) -> None:
    """The release, the user, the folders and the units, as the packages of a distribution would
    put them; nothing is started.
    """
    host.run("python3", "-m", "venv", "--without-pip", release, timeout=120)
    site = host.shell(f"echo {release}/lib/python3*/site-packages")
    host.write(f"{site}/lares.pth", "import site; site.addsitedir('/srv/site-packages')\n")
    first = "import sys; sys.path.insert(0, '/srv/daemon')\n"
    host.write(f"{site}/lares-first.pth", first)
    for name, entry in (("laresd", "main_daemon"), ("lares", "main")):
        program = f"#!{release}/bin/python\nimport sys\nfrom laresd.cli import {entry}\n"
        host.write(f"{release}/bin/{name}", f"{program}sys.exit({entry}())\n", 0o755)
    host.shell(f"ln -sfn {release} /opt/lares/current")
    install_units(host)
    host.write("/etc/lares/lares.toml", settings, 0o640)
    host.run("chown", "root:lares", "/etc/lares/lares.toml")


def install_units(host: Host) -> None:
    folder = CHECKOUT / "systemd"
    host.write("/usr/lib/sysusers.d/lares.conf", (folder / "lares.sysusers").read_text())
    host.write("/usr/lib/tmpfiles.d/lares.conf", (folder / "lares.tmpfiles").read_text())
    for unit in sorted(folder.iterdir()):
        if unit.suffix in (".service", ".socket", ".slice", ".timer"):
            host.write(f"/etc/systemd/system/{unit.name}", unit.read_text())
    host.run("systemd-sysusers")
    host.run("systemd-tmpfiles", "--create", "lares.conf")
    host.run("systemctl", "daemon-reload")


def drop_in(host: Host, unit: str, name: str, text: str) -> None:
    """A change of a unit for one test; `text` begins with its section."""
    host.write(f"/etc/systemd/system/{unit}.d/{name}.conf", text)
    host.run("systemctl", "daemon-reload")


def start(host: Host, unit: str = "laresd.service", timeout: float = 180.0) -> None:
    """Until it is ready. Raises HostError with what the journal says where it is not."""
    host.run("systemctl", "reset-failed", unit, check=False)
    host.run("systemctl", "start", "--no-block", unit)
    host.until(f"{unit} ready", lambda: host.property(unit, "ActiveState") == "active", timeout)


def main_pid(host: Host, unit: str = "laresd.service") -> int:
    return int(host.property(unit, "MainPID"))
