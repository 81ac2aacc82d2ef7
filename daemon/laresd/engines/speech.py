"""The embedded voice: espeak-ng, one short process for each sentence. Runs as a worker process.

Op: `synthesize` {text, language} -> payload 16 kHz mono s16. Text goes to espeak-ng on stdin, so
that none of it is ever taken for an option.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

from laresd import sound
from laresd.engines import worker
from laresd.errors import Permanent, Temporary
from laresd.frames import Fields

MAX_TEXT = 2000  # characters; more is no reply that anyone listens to
SENTENCE_TIMEOUT = 15.0  # seconds; a sentence takes some 20 ms
VOICES = {"en": "en-us", "en-gb": "en-gb", "zh": "cmn", "zh-cn": "cmn", "zh-tw": "cmn"}
MISSING = "espeak-ng is not installed"
INSTALL = "type: sudo apt install espeak-ng"


@dataclass(frozen=True, slots=True)
class Espeak:
    """The program and how it speaks. `voice`: "" for the one of the language."""

    program: str
    voice: str = ""
    words_per_minute: int = 165

    def synthesize(self, call: worker.Call) -> worker.Answer:
        text = speakable(call.body.text("text"))
        if not text:
            return worker.Answer()
        return worker.Answer(payload=self._speak(text, call.body.text("language", "en")))

    def _speak(self, text: str, language: str) -> bytes:
        voice = self.voice or voice_of(language)
        command = [self.program, "-v", voice, "-s", str(self.words_per_minute)]
        command += ["-b", "1", "-z", "--stdin", "--stdout"]
        try:
            done = subprocess.run(
                command,
                check=False,
                input=text.encode(),
                capture_output=True,
                timeout=SENTENCE_TIMEOUT,
            )
        except subprocess.TimeoutExpired as error:
            raise Temporary("espeak-ng did not finish a sentence") from error
        except OSError as error:
            raise Permanent(f"espeak-ng cannot be run: {error.strerror}", remedy=INSTALL) from error
        if done.returncode or not done.stdout:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            why = said[-1] if said else f"it ended with {done.returncode}"
            raise Permanent(
                f"espeak-ng cannot speak with voice {voice!r}: {why}",
                remedy="set speech.voice to one of `espeak-ng --voices`",
            )
        return sound.read_wav(done.stdout).pcm


def speakable(text: str) -> str:
    """One line of plain text: no control characters, and no [[phonemes]] of espeak-ng's own."""
    plain = "".join(c if c.isprintable() and c not in "[]" else " " for c in text[:MAX_TEXT])
    return " ".join(plain.split())


def voice_of(language: str) -> str:
    """espeak-ng's voice for a language such as "en", "de" or "zh-CN"."""
    code = language.lower()
    return VOICES.get(code) or VOICES.get(code.partition("-")[0]) or code


def load(options: Fields) -> worker.Loaded:
    """Options: `voice`, `words_per_minute`, `program` (default: espeak-ng on the path)."""
    program = shutil.which(options.text("program", "espeak-ng"))
    if program is None:
        raise Permanent(MISSING, remedy=INSTALL)
    voice = options.text("voice", "")
    if not re.fullmatch(r"[\w+-]*", voice) or voice.startswith("-"):
        raise Permanent(f"{voice!r} is no name of a voice", remedy="see `espeak-ng --voices`")
    espeak = Espeak(program, voice, options.integer("words_per_minute", 165))
    return worker.Loaded({"synthesize": espeak.synthesize}, {"program": program})


if __name__ == "__main__":
    worker.main(load)
