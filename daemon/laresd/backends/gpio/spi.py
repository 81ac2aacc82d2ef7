"""The one file of this box that imports lgpio: LED chips on a bus, written to by the kernel.

Importing lgpio has a side effect that this file undoes: it makes a pipe in the working directory
(and, where LG_WD is set, goes there and stays), and fails where it may not write.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType

from laresd.backends.gpio.chips import Colour
from laresd.errors import Permanent, Temporary

REMEDY = (
    "switch SPI on (raspi-config, or dtparam=spi=on in config.txt) and let this user be in the "
    'group spi; or set lights.kind = "none"'
)
SPIDEV_BYTES = 4096  # of one transfer, unless the kernel was told otherwise (spidev.bufsiz)


def lgpio() -> ModuleType:
    """The library, wherever this process may write. Raises Permanent where there is none."""
    try:
        with _elsewhere():
            import lgpio as library  # type: ignore[import-untyped]  # noqa: PLC0415
    except (ImportError, OSError) as error:
        raise Permanent(f"the pins of this board cannot be reached: {error}") from error
    module: ModuleType = library
    return module


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """For the time of the import in a folder of its own; the pipe lives on when it has no name."""
    own = os.environ.pop("LG_WD", None)
    try:
        with tempfile.TemporaryDirectory(prefix="lares-pins-") as folder, contextlib.chdir(folder):
            yield
    finally:
        if own is not None:
            os.environ["LG_WD"] = own


class SpiRow:
    """A row of LED chips on /dev/spidev<bus>.<device>; `encode` has their protocol.

    Raises Permanent where there is no such bus, and for more lamps than one transfer takes.
    """

    def __init__(
        self,
        lamps: int,
        encode: Callable[[Sequence[Colour]], bytes],
        *,
        bus: int,
        device: int,
        hertz: int,
        library: Callable[[], ModuleType] = lgpio,
        devices: Path = Path("/dev"),
    ) -> None:
        dark = encode([(0, 0, 0)] * lamps)
        if len(dark) > SPIDEV_BYTES:
            raise Permanent(f"{lamps} lamps are more than SPI takes", remedy="set lights.lamps")
        self.lamps = lamps
        self._dark = dark
        self._encode = encode
        self._name = str(devices / f"spidev{bus}.{device}")
        self._lock = threading.Lock()
        if not Path(self._name).exists():
            raise Permanent(f"there is no {self._name}", remedy=REMEDY)
        self._lgpio = library()
        try:
            self._handle: int | None = self._lgpio.spi_open(bus, device, hertz, 0)
        except self._lgpio.error as error:
            raise Permanent(f"{self._name} cannot be opened: {error}", remedy=REMEDY) from error

    def show(self, colours: Sequence[Colour]) -> None:
        with self._lock:
            self._write(self._encode(colours))

    def close(self) -> None:
        with self._lock:
            if self._handle is None:
                return
            with contextlib.suppress(Temporary):
                self._write(self._dark)
            with contextlib.suppress(self._lgpio.error):
                self._lgpio.spi_close(self._handle)
            self._handle = None

    def _write(self, data: bytes) -> None:
        if self._handle is None:
            return
        try:
            self._lgpio.spi_write(self._handle, data)
        except self._lgpio.error as error:
            raise Temporary(f"{self._name} cannot be written to: {error}") from error
