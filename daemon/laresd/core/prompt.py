"""stub"""

from laresd.core.intent.meaning import Meaning
from laresd.types import Generation, Home, Request


def tool_call(request: Request, home: Home) -> Generation:
    raise NotImplementedError


def talk(request: Request) -> Generation:
    raise NotImplementedError


def parse(text: str, home: Home) -> Meaning | None:
    return None
