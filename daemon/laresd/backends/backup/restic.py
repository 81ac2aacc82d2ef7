"""restic, called as a program: its exit status and JSON lines (restic's manual, "Scripting").

No secret stands on a command line, in a message or in the log: restic reads its password from a
file itself, and the keys of an S3 store are in its environment alone.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import urlsplit

from laresd.config import Backup
from laresd.errors import ConfigError, LaresError, Permanent, Temporary
from laresd.frames import Fields

TAG = "lares"
QUICK_S = 120.0  # for what is only asked
PAUSE_S = 2.0  # between two tries at a repository that is in use
T = TypeVar("T")
_NICE = ("nice", "-n", "10")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One backup. `at`: wall seconds."""

    id: str
    at: float
    box: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What a backup took. Bytes; `added`: that were not in the repository before, compressed."""

    snapshot: str
    files: int
    size: int
    added: int


class InUse(Temporary):
    """Another box has the repository for itself, or a program had it that is just gone."""


class Restic:
    """A repository. Every call blocks, and raises Temporary or Permanent.

    `held`: a descriptor of a lock that restic inherits, so that it is held as long as restic runs,
    also when its caller was killed. Raises ConfigError for what cannot be a repository's settings.
    """

    def __init__(
        self,
        settings: Backup,
        *,
        cache: Path,
        held: int,
        program: str = "restic",
        patience_s: float = 600.0,
    ) -> None:
        """`patience_s`: how long another box may have the repository for itself."""
        if not settings.target:
            raise ConfigError(
                "there is no place for backups yet",
                remedy='set backup.target = "/media/usb/lares" (or sftp:, s3:), or give --target',
            )
        self.shown = _masked(settings.target)
        self._settings, self._held, self._program = settings, held, program
        self._patience_s = patience_s
        self._environment = _environment(settings, cache)
        self._options = _options(settings, cache.parent / "known_hosts")

    def begin(self) -> None:
        """Make the repository. Raises Permanent where there is one."""
        self._run("init")

    def look(self) -> None:
        """See that the repository is there and the password fits; forget locks of dead programs."""
        self._run("unlock", timeout=QUICK_S)  # first: all else waits for such a lock

    def store(
        self, folder: Path, box: str, others: Sequence[Path], told: Callable[[float], None]
    ) -> Stored:
        """What is in the folder, and the others with their whole paths. `told`: gets 0 to 1."""
        return self._patiently(lambda: self._store_once(folder, box, others, told))

    def _store_once(
        self, folder: Path, box: str, others: Sequence[Path], told: Callable[[float], None]
    ) -> Stored:
        words = ["backup", "--json", "--tag", TAG, "--host", box, "--ignore-ctime", "."]
        done: Fields | None = None
        for line in self._lines([*words, *map(str, others)], folder):
            if (kind := line.text("message_type", "")) == "status":
                told(line.real("percent_done", 0.0))
            elif kind == "summary":
                done = line
        if done is None:
            raise Temporary(f"restic did not say what it stored in {self.shown}")
        return Stored(
            done.text("snapshot_id"),
            done.integer("total_files_processed"),
            done.integer("total_bytes_processed"),
            done.integer("data_added"),
        )

    def forget(self, box: str, days: int, weeks: int, months: int) -> None:
        """All of this box's but the last of so many days, weeks and months; unused data goes."""
        keep = [
            f"--keep-{name}={count}"
            for name, count in (("daily", days), ("weekly", weeks), ("monthly", months))
            if count > 0
        ]
        if keep:
            who = ("--tag", TAG, "--host", box, "--group-by", "host,tags")
            self._run("forget", *who, *keep, "--prune")

    def check(self, percent: float) -> None:
        """Its structure, and so much of its data, chosen by chance. Raises Permanent for damage."""
        part = [f"--read-data-subset={min(percent, 100.0):g}%"] if percent > 0 else []
        try:
            self._run("check", *part)
        except Temporary as error:
            raise Permanent(
                f"the backups in {self.shown} did not pass their check: {error.message}",
                remedy="check that disk, then: lares backup --target ANOTHER --init",
            ) from error

    def snapshots(self, box: str = "") -> list[Snapshot]:
        """The oldest first; "": of every box."""
        host = ("--host", box) if box else ()
        told = self._run("snapshots", "--json", "--tag", TAG, *host, timeout=QUICK_S)
        try:
            rows = Fields({"rows": json.loads(told or "[]")}).rows("rows")
            found = [
                Snapshot(
                    row.text("short_id"),
                    datetime.fromisoformat(_shorter(row.text("time"))).timestamp(),
                    row.text("hostname"),
                )
                for row in rows
            ]
        except ValueError as error:
            raise Permanent(f"restic's list of backups cannot be read: {error}") from error
        return sorted(found, key=lambda snapshot: snapshot.at)

    def restore(self, snapshot: str, into: Path) -> None:
        """All of it, read once more and compared."""
        self._run("restore", snapshot, "--target", str(into), "--verify")

    def _run(self, *words: str, timeout: float | None = None) -> str:
        return self._patiently(lambda: self._once(*words, timeout=timeout))

    def _patiently(self, work: Callable[[], T]) -> T:
        until = time.monotonic() + self._patience_s
        while True:
            try:
                return work()
            except InUse:
                if time.monotonic() >= until:
                    raise
            time.sleep(PAUSE_S)
            self._once("unlock", timeout=QUICK_S)  # of those that are gone

    def _once(self, *words: str, timeout: float | None = None) -> str:
        with tempfile.TemporaryFile() as errors, self._started(words, None, errors.fileno()) as run:
            try:
                out, _ = run.communicate(timeout=timeout)
            except subprocess.TimeoutExpired as error:
                raise Temporary(
                    f"{self.shown} has not answered for {timeout:.0f} s",
                    remedy="check the network, and that the other side is on",
                ) from error
            self._judge(run.returncode, _content(errors))
            return out.decode(errors="replace")

    def _lines(self, words: Sequence[str], folder: Path) -> Iterator[Fields]:
        with (
            tempfile.TemporaryFile() as errors,
            self._started(words, folder, errors.fileno()) as run,
        ):
            assert run.stdout is not None
            for raw in run.stdout:
                try:
                    line = json.loads(raw)
                except ValueError:
                    continue
                if isinstance(line, dict):
                    yield Fields(line)
            self._judge(run.wait(), _content(errors))

    @contextmanager
    def _started(
        self, words: Sequence[str], folder: Path | None, errors: int
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Ended with whoever leaves it before its end."""
        try:
            run = subprocess.Popen(
                [*_NICE, self._program, *self._options, *words],
                cwd=folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                pass_fds=(self._held,),
            )
        except OSError as error:
            raise Permanent(
                f"restic cannot be started: {error.strerror}", remedy="apt install restic"
            ) from error
        try:
            yield run
        finally:
            if run.poll() is None:
                run.terminate()
                run.wait()
            if run.stdout is not None:
                run.stdout.close()

    def _judge(self, status: int, errors: bytes) -> None:
        """Raises for any exit status but 0: restic's 3 is a backup in which files are missing."""
        if status == 0:
            return
        said = errors.decode(errors="replace")
        raise _failure(self._without_secrets(said), status, self.shown)

    def _without_secrets(self, text: str) -> str:
        for name in _SECRETS:
            if secret := self._environment.get(name):
                text = text.replace(secret, "…")
        return _masked(text.replace(self._settings.target, self.shown))


_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_SAID: tuple[tuple[str, type[LaresError], str, str], ...] = (
    (
        "wrong password",
        Permanent,
        "the password does not fit the backups in {place}",
        "see backup.password_file: it must hold the one with which they were begun",
    ),
    (
        "config file already exists",
        Permanent,
        "there are backups in {place} already",
        "leave out --init",
    ),
    (
        "Host key verification failed",
        Permanent,
        "{place} is not the host that it was: its key is another one",
        "see whether that is right, then remove backup/known_hosts in the state folder",
    ),
    (
        "Is there a repository",
        Temporary,
        "there are no backups in {place}, or it cannot be reached ({line})",
        "see that the disk is mounted and the network is up; to begin there: lares backup --init",
    ),
    ("no space left", Temporary, "there is no space left in {place}", "free some disk space"),
    ("already locked", InUse, "{place} is in use by another box", "try again later"),
    ("Permission denied", Permanent, "{place} may not be used: {line}", "see its rights and keys"),
    ("nice: ", Permanent, "restic cannot be started", "apt install restic"),
    ("no matching ID", Permanent, "there is no such backup in {place}", "lares backup --list"),
    ("no snapshot found", Permanent, "there is no backup in {place} yet", "lares backup --list"),
)


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _failure(said: str, status: int, place: str) -> LaresError:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    first = next((line for line in lines if line.startswith("Fatal:")), lines[0] if lines else "")
    line = first.removeprefix("Fatal:").strip() or f"restic ended with {status}"
    for sign, kind, message, remedy in _SAID:
        if sign.lower() in said.lower():
            return kind(message.format(place=place, line=line), remedy=remedy)
    return Temporary(f"restic failed with {place}: {line}", remedy="try again; see lares doctor")


def _environment(settings: Backup, cache: Path) -> Mapping[str, str]:
    if settings.password_file is None:
        raise ConfigError(
            "there is no password for the backups yet",
            remedy="write a long one into a file of laresd's user alone, and set "
            'backup.password_file = "/etc/lares/backup-password"',
        )
    _secret(settings.password_file, "password_file")
    made = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RESTIC_", "AWS_"))
    }
    made |= {
        "RESTIC_REPOSITORY": settings.target,
        "RESTIC_PASSWORD_FILE": str(settings.password_file),
        "RESTIC_CACHE_DIR": str(cache),
        "RESTIC_PROGRESS_FPS": "2",
        "GOMAXPROCS": str(max(1, (os.cpu_count() or 1) // 2)),
    }
    keys = (settings.key_id_file, settings.secret_key_file)
    for name, file, key in zip(_SECRETS, keys, ("key_id_file", "secret_key_file"), strict=True):
        if file is not None:
            made[name] = _secret(file, key)
    return made


def _secret(file: Path, key: str) -> str:
    """Its first line."""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(
            f"backup.{key} {file} cannot be read: {why}",
            remedy="see that it is there and belongs to laresd's user",
        ) from error
    if not text:
        raise ConfigError(f"backup.{key} {file} is empty", remedy="write the secret into it")
    return text.splitlines()[0]


def _options(settings: Backup, known_hosts: Path) -> list[str]:
    """For SSH: a key of its own, and no question that nobody could answer. A host is believed when
    it is first seen, never another one in its place; laresd's user may have no home to note it in.
    """
    if not settings.target.startswith("sftp:"):
        return []
    host, port = _ssh_host(settings.target)
    words = ["ssh", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=30"]
    words += ["-o", "StrictHostKeyChecking=accept-new", "-o", f"UserKnownHostsFile={known_hosts}"]
    if settings.ssh_key_file is not None:
        words += ["-o", "IdentitiesOnly=yes", "-i", str(settings.ssh_key_file)]
    if port:
        words += ["-p", port]
    return ["-o", "sftp.command=" + shlex.join([*words, host, "-s", "sftp"])]


def _ssh_host(target: str) -> tuple[str, str]:
    """Whom to call (user@host), and the port or ""."""
    rest = target.removeprefix("sftp:")
    if rest.startswith("//"):
        where = urlsplit(rest)
        user = f"{where.username}@" if where.username else ""
        return f"{user}{where.hostname or ''}", str(where.port or "")
    host = rest.partition(":")[0]
    if not host or host.startswith("-"):
        raise ConfigError(
            f"backup.target {target!r} names no host", remedy='write "sftp:user@host:/path"'
        )
    return host, ""


def _masked(text: str) -> str:
    """Without the passwords of addresses."""
    return re.sub(r"//([^/@\s:]*):[^/@\s]*@", r"//\1:…@", text)


def _shorter(moment: str) -> str:
    """As Python 3.11 reads it: nine digits of a second are too many for it."""
    return re.sub(r"(\.\d{6})\d+", r"\1", moment)
