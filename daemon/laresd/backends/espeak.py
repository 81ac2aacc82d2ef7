"""The languages that espeak-ng speaks, as it tells them itself."""

from __future__ import annotations

import asyncio

LISTING_S = 5.0


async def languages(program: str = "espeak-ng") -> tuple[str, ...]:
    """Their tags (en-gb, de, cmn), in its order; none where it is not there, or does not answer.

    The format of `espeak-ng --voices` is a head line, then lines whose second word is the tag.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            "--voices",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return ()
    try:
        async with asyncio.timeout(LISTING_S):
            told, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ()
    rows = [line.split() for line in told.decode(errors="replace").splitlines()[1:]]
    return tuple(dict.fromkeys(row[1] for row in rows if len(row) > 2))
