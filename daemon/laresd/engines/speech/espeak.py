"""The embedded voice: espeak-ng, one short process for each piece of text.

It is called as a program, never linked. Text goes to it on stdin, so that none of it is ever taken
for an option.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

from laresd import sound
from laresd.errors import Permanent, Temporary

SENTENCE_TIMEOUT = 15.0  # seconds; a sentence takes some 20 ms
VOICES = {"en": "en-us", "en-gb": "en-gb", "zh": "cmn", "zh-cn": "cmn", "zh-tw": "cmn"}
MISSING = "espeak-ng is not installed"
INSTALL = "type: sudo apt install espeak-ng"
_SWITCH = re.compile(r"\([a-z-]+\)")  # where it changes its language for a word: "(en)"


@dataclass(frozen=True, slots=True)
class Espeak:
    """The program and how it speaks. `voice`: "" for the one of the language."""

    program: str
    voice: str = ""
    words_per_minute: int = 165

    def speak(self, text: str, language: str) -> bytes:
        """One piece of plain text as 16 kHz mono s16; nothing where there is nothing to say.

        Raises Temporary when it hangs, Permanent when it cannot be run or has no such voice.
        """
        if not text:
            return b""
        voice = self.voice or voice_of(language)
        options = ["-s", str(self.words_per_minute), "-b", "1", "-z", "--stdout"]
        return sound.read_wav(self._run(voice, options, text)).pcm

    def phonemes(self, clauses: list[str], voice: str) -> list[str]:
        """The IPA of each clause, "" for one without sounds. Raises as `speak`."""
        options = ["-b", "1", "-q", "--ipa"]
        lines = self._run(voice, options, "\n\n".join(clauses)).decode(errors="replace")
        found = [_SWITCH.sub("", line.strip()) for line in lines.splitlines() if line.strip()]
        if len(found) == len(clauses):
            return found
        if len(clauses) <= 1:  # it saw several clauses in it
            return [" ".join(found)]
        return [self.phonemes([clause], voice)[0] for clause in clauses]

    def _run(self, voice: str, options: list[str], text: str) -> bytes:
        try:
            done = subprocess.run(
                [self.program, "-v", voice, *options, "--stdin"],
                check=False,
                input=text.encode(),
                capture_output=True,
                timeout=SENTENCE_TIMEOUT,
            )
        except subprocess.TimeoutExpired as error:
            raise Temporary("espeak-ng did not finish a sentence") from error
        except OSError as error:
            raise Permanent(f"espeak-ng cannot be run: {error.strerror}", remedy=INSTALL) from error
        if done.returncode or (not done.stdout and "--stdout" in options):
            said = done.stderr.decode(errors="replace").strip().splitlines()
            why = said[-1] if said else f"it ended with {done.returncode}"
            raise Permanent(
                f"espeak-ng cannot speak with voice {voice!r}: {why}",
                remedy="set speech.voice to one of `espeak-ng --voices`",
            )
        return done.stdout


def voice_of(language: str) -> str:
    """espeak-ng's voice for a language such as "en", "de" or "zh-CN"."""
    code = language.lower()
    return VOICES.get(code) or VOICES.get(code.partition("-")[0]) or code


def found(program: str = "espeak-ng", voice: str = "", words_per_minute: int = 165) -> Espeak:
    """The one on the path. Raises Permanent where it is not there, or for what is no voice."""
    path = shutil.which(program)
    if path is None:
        raise Permanent(MISSING, remedy=INSTALL)
    if not is_voice(voice):
        raise Permanent(f"{voice!r} is no name of a voice", remedy="see `espeak-ng --voices`")
    return Espeak(path, voice, words_per_minute)


def is_voice(name: str) -> bool:
    """Whether it may be the name of a voice, or "" for none: never an option or a path."""
    return re.fullmatch(r"[\w+-]*", name) is not None and not name.startswith("-")
