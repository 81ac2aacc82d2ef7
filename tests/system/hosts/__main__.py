"""`python -m tests.system.hosts base`: make the image. `... up N`: boot N hosts until Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import sys

from tests.system.hosts.base import made
from tests.system.hosts.host import fleet


def main(arguments: list[str]) -> int:
    if arguments == ["base"]:
        sys.stdout.write(f"{made()}\n")
        return 0
    if len(arguments) != 2 or arguments[0] != "up" or not arguments[1].isdigit():
        sys.stderr.write(f"{__doc__}\n")
        return 2
    with fleet() as net, contextlib.ExitStack() as booted:
        for number in range(1, int(arguments[1]) + 1):
            host = net.boot(number)
            booted.callback(net.shut_down, host)
            sys.stdout.write(f"{host.name} {host.address}: nsenter -t {host.leader} -a bash\n")
            sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
