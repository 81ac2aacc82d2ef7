"""`lares pin`: set the PIN that the most dangerous actions need."""

from __future__ import annotations

import argparse
import getpass
import sys

from laresd.backends.pins import write
from laresd.config import Config
from laresd.core.consent import PIN_DIGITS
from laresd.errors import ConfigError, Refused


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stdin", action="store_true", help="read the PIN from standard input")


def main(args: argparse.Namespace, config: Config) -> int:
    """Only its hash is kept. A running laresd takes the new one at once."""
    path = config.risk.pin_file
    if path is None:
        raise ConfigError(
            "there is no file for the PIN yet", remedy='set risk.pin_file = "/etc/lares/pin"'
        )
    digits = sys.stdin.readline().strip() if args.stdin else _asked()
    least, most = PIN_DIGITS
    if not (digits.isascii() and digits.isdecimal() and least <= len(digits) <= most):
        raise Refused(f"a PIN has {least} to {most} digits and nothing else")
    write(path, digits)
    print(f"The PIN is set; its hash is in {path}.")
    return 0


def _asked() -> str:
    digits = getpass.getpass("New PIN: ")
    if getpass.getpass("Once more: ") != digits:
        raise Refused("that was not the same twice; nothing was changed")
    return digits
