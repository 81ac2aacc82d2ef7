"""One client on standard input and output, for programs that start their own server."""

from __future__ import annotations

import asyncio
import contextlib
import sys

from laresd.errors import LaresError
from laresd.frontends.wyoming.doors import Connection, Limits, Serve, told


async def serve_stdio(serve: Serve, limits: Limits) -> None:
    """Until standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limits.event.line)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), sys.stdout.buffer
    )
    client = Connection(
        reader, asyncio.StreamWriter(transport, protocol, None, loop), limits, number=1
    )
    try:
        await serve(client)
    except LaresError as error:
        with contextlib.suppress(OSError, LaresError):
            await client.send(told(error))
    except OSError:  # whoever started it has gone
        return
    finally:
        await client.close()
