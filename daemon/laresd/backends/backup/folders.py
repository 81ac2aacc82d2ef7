"""What backups keep for themselves in the state folder, and the locks that part their ways."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from laresd.errors import Permanent, Refused, Temporary

BACKUP, RESTORE, REPLACED, OUTSIDE = "backup", "restore", "replaced-", "restored-outside"
_DAEMON = "control.sock"
_SYSTEMD = Path("/run/lares/control.sock.lock")  # of laresd.service, whose state is STATE_DIR
_SYSTEMD_STATE = Path("/var/lib/lares")


def is_own(name: str) -> bool:
    """Whether an entry of the state folder belongs to what runs there, not to the state."""
    return name in (BACKUP, RESTORE, OUTSIDE) or name.startswith((REPLACED, _DAEMON))


def cache(state: Path) -> Path:
    return state / BACKUP / "cache"


@contextlib.contextmanager
def only_one(state: Path) -> Iterator[int]:
    """A descriptor that a program may inherit, which then counts, too. Raises Temporary while
    another backup or restore has it, Permanent when there can be none.
    """
    path = state / BACKUP / "lock"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Permanent(
            f"cannot write in {path.parent}: {error.strerror}",
            remedy="run it as the user of laresd: sudo -u lares lares backup",
        ) from error
    try:
        _take(lock, Temporary("another backup or restore is running", remedy="wait for it"))
        yield lock
    finally:
        os.close(lock)


@contextlib.contextmanager
def no_daemon(state: Path, sockets: Sequence[Path]) -> Iterator[None]:
    """While this is held no laresd starts on that state. Raises Refused while one runs."""
    places = {(state / _DAEMON).absolute(), *(path.absolute() for path in sockets)}
    locks = {place.with_name(place.name + ".lock") for place in places}
    if state.absolute() == _SYSTEMD_STATE and _SYSTEMD.exists():
        locks.add(_SYSTEMD)
    with contextlib.ExitStack() as held:
        for path in sorted(locks):
            try:
                lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise Permanent(
                    f"cannot see whether laresd runs: {path}: {error.strerror}",
                    remedy="run it as the user of laresd, or with sudo",
                ) from error
            held.callback(os.close, lock)
            why = Refused("laresd is running", remedy="systemctl stop laresd, then restore")
            _take(lock, why)
        yield


def emptied(folder: Path) -> Path:
    """The folder, for its owner alone, with nothing in it. Raises OSError."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True)
    return folder


def become_owner(state: Path) -> None:
    """Of root, make the user to whom the state folder belongs: nothing that a command leaves there
    may be unreadable for laresd. Others stay who they are.
    """
    if os.geteuid() != 0 or not state.exists():
        return
    owner = state.stat()
    if owner.st_uid == 0:
        return
    os.setgroups([])
    os.setresgid(owner.st_gid, owner.st_gid, owner.st_gid)
    os.setresuid(owner.st_uid, owner.st_uid, owner.st_uid)


def _take(lock: int, otherwise: Exception) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        raise otherwise from None
