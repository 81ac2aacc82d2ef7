"""`lares ask TEXT`: what you would say, typed.

An answer that is generated is shown sentence by sentence, each on a line of its own.
"""

from __future__ import annotations

import argparse

from laresd.commands.client import parts
from laresd.commands.output import print_json
from laresd.config import Config
from laresd.frames import Fields
from laresd.types import Json, ReplyKind

GOOD = (ReplyKind.DONE, ReplyKind.ANSWER)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="+", metavar="TEXT")
    parser.add_argument("--language", help="of the text; default: the box's")
    parser.add_argument("--area", help="the room it is said in; default: the box's")


def main(arguments: argparse.Namespace, config: Config) -> int:
    """0 when it was done or answered, else 1."""
    fields: dict[str, Json] = {"op": "ask", "text": " ".join(arguments.text)}
    if arguments.language:
        fields["language"] = arguments.language
    if arguments.area:
        fields["area"] = arguments.area
    reply: dict[str, Json] = {}
    told = False
    for part in parts(config, fields):
        if "sentence" not in part:
            reply = part
        elif not arguments.json:
            print(Fields(part).text("sentence"), flush=True)
            told = True
    if arguments.json:
        print_json(reply)
    elif not told:
        print(Fields(reply).text("text"))
    return 0 if reply["kind"] in GOOD else 1
