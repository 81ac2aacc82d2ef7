"""stub"""

from laresd.core.intent.meaning import Meaning
from laresd.types import Home


def understand(text: str, language: str, home: Home, here: str | None) -> Meaning | None:
    return None
