"""The house's PIN: a salted scrypt hash in a file of its own, never the PIN itself.

One line, `scrypt$<n>$<r>$<p>$<salt>$<hash>`, both in hexadecimal; the parameters are RFC 7914's.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from pathlib import Path

from laresd.backends.whole_file import write_whole
from laresd.errors import Permanent

N, R, P = 1 << 14, 8, 1  # 16 MiB and about 50 ms on a small board: four digits are soon tried out
MAX_N, MAX_RP = 1 << 17, 64  # a damaged file must not take all the memory
LENGTH = 32  # bytes


class PinFile:
    """Port Pins, on a file that is read anew for each PIN, so that a changed one counts at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def check(self, digits: str) -> bool:
        """Whether it is the PIN, compared in constant time.

        Raises Permanent when the file is not there or is none of these.
        """
        return await asyncio.to_thread(self._check, digits)

    def _check(self, digits: str) -> bool:
        n, r, p, salt, wanted = self._parts()
        return hmac.compare_digest(_hashed(digits, salt, n, r, p), wanted)

    def _parts(self) -> tuple[int, int, int, bytes, bytes]:
        wrong = Permanent("the file of the PIN cannot be used", remedy="make it with `lares pin`")
        try:
            parts = self._path.read_text(encoding="ascii").strip().split("$")
            kind, n, r, p, salt, hashed = parts
            found = int(n), int(r), int(p), bytes.fromhex(salt), bytes.fromhex(hashed)
        except (OSError, ValueError) as error:
            raise wrong from error
        power_of_two = found[0] > 1 and not found[0] & (found[0] - 1)
        usable = (
            power_of_two
            and found[0] <= MAX_N
            and found[1] > 0 < found[2]
            and found[1] * found[2] <= MAX_RP
        )
        if kind != "scrypt" or len(found[4]) != LENGTH or not usable:
            raise wrong
        return found


def write(path: Path, digits: str) -> None:
    """Keep the PIN's hash in the file, readable by its owner alone; blocks. Raises Permanent."""
    salt = secrets.token_bytes(16)
    line = f"scrypt${N}${R}${P}${salt.hex()}${_hashed(digits, salt, N, R, P).hex()}\n"
    try:
        write_whole(path, line.encode("ascii"))
    except OSError as error:
        raise Permanent(
            f"cannot write {path}: {error.strerror}", remedy="check that the folder is writable"
        ) from error


def _hashed(digits: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    memory = 128 * n * r * p + (1 << 20)
    return hashlib.scrypt(digits.encode(), salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=LENGTH)
