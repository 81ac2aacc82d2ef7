"""llama.cpp's own llama-bench and llama-server, from the source inside llama-cpp-python's sdist.

The same commit and the same flags as what Lares runs (llama-cpp-python's CMakeLists.txt leaves
ggml's defaults; daemon/setup/setup.sh undefines AMX). All lies in ~/.cache/lares-bench and is made
once; each step is shown.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from importlib.metadata import version
from pathlib import Path

CACHE = Path.home() / ".cache" / "lares-bench"
PINS = Path(__file__).parents[3] / "daemon" / "requirements" / "dev.txt"
PACKAGE = "llama-cpp-python"
TARGETS = ("llama-bench", "llama-server")
JOBS = 2
SHOWN_EVERY = 10.0  # seconds
FLAGS = {"CFLAGS": "-U__AMX_INT8__", "CXXFLAGS": "-U__AMX_INT8__"}  # as setup.sh compiles the wheel
OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",  # which would be downloaded
)


def pinned(name: str, pins: str) -> str:
    """One requirement with its hashes, out of a requirements file. Raises ValueError."""
    found = re.search(rf"^{re.escape(name)}==(?:.*\\\n)*.*$", pins, re.MULTILINE)
    if found is None:
        raise ValueError(f"{name} is not pinned")
    return found.group()


def source() -> Path:
    """The folder of llama.cpp's source, fetched from the package registry when it is not there."""
    number = version(PACKAGE)
    folder = CACHE / "source" / f"llama_cpp_python-{number}"
    if not folder.exists():
        _unpack(_fetch(), folder)
    return folder / "vendor" / "llama.cpp"


def tools() -> Path:
    """The folder that holds the built programs."""
    folder = CACHE / "build" / f"llama_cpp_python-{version(PACKAGE)}"
    if not all((folder / "bin" / name).exists() for name in TARGETS):
        code, build_tools = source(), _build_tools()
        environment = {**os.environ, **FLAGS, "PATH": f"{build_tools}:{os.environ['PATH']}"}
        print(
            f"bench: {' and '.join(TARGETS)} are compiled: 10 to 20 minutes on 2 cores", flush=True
        )
        configure = ["cmake", "-G", "Ninja", "-S", str(code), "-B", str(folder), *OPTIONS]
        _shown("configuring", configure, environment)
        build = ["cmake", "--build", str(folder), "-j", str(JOBS), "--target", *TARGETS]
        _shown("compiling", ["nice", "-n", "15", *build], environment)
    return folder / "bin"


def _fetch() -> Path:
    """The sdist, checked by its pinned hash."""
    folder = CACHE / "sdist"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "requirement.txt"
    wanted.write_text(pinned(PACKAGE, PINS.read_text(encoding="utf-8")) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
    command += ["--no-deps", "--no-binary", ":all:", "--require-hashes"]
    _shown("fetching", [*command, "-d", str(folder), "-r", str(wanted)], dict(os.environ))
    return next(folder.glob(f"llama_cpp_python-{version(PACKAGE)}.tar.gz"))


def _unpack(archive: Path, folder: Path) -> None:
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    print(f"bench: unpacking {archive.name}", flush=True)
    with tarfile.open(archive) as file:
        file.extractall(part, filter="data")
    (part / folder.name).rename(folder)
    part.rmdir()


def _build_tools() -> Path:
    """A folder with cmake and ninja, from PyPI where the machine has none."""
    if shutil.which("cmake") and shutil.which("ninja"):
        return Path("/usr/bin")
    folder = CACHE / "tools"
    if not (folder / "bin" / "ninja").exists():
        _shown("making a venv", [sys.executable, "-m", "venv", str(folder)], dict(os.environ))
        pip = [str(folder / "bin" / "pip"), "--disable-pip-version-check", "install"]
        _shown("installing cmake and ninja", [*pip, "cmake", "ninja"], dict(os.environ))
    return folder / "bin"


def _shown(what: str, command: list[str], environment: dict[str, str]) -> None:
    """Run a long step; its output goes to a file, how far it is is shown. Exits when it fails."""
    log = CACHE / f"{what.split(maxsplit=1)[0]}.log"
    CACHE.mkdir(parents=True, exist_ok=True)
    begun = shown = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, env=environment, cwd=CACHE
        )
        while process.poll() is None:
            time.sleep(0.2)
            if time.monotonic() - shown >= SHOWN_EVERY:
                shown = time.monotonic()
                print(f"bench: {what}: {shown - begun:.0f} s so far {_step(log)}", flush=True)
    if process.returncode:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
        sys.exit(f"{end}\nbench: {what} failed; the whole output: {log}")


def _step(log: Path) -> str:
    """Ninja's [done/all], "" when there is none yet."""
    steps = re.findall(r"\[\d+/\d+\]", log.read_text(errors="replace"))
    return steps[-1] if steps else ""
