"""When something changes in a folder, as the kernel tells it (watchfiles)."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import watchfiles

from laresd.backends.knowledge.listing import is_rubbish
from laresd.errors import Temporary

log = logging.getLogger(__name__)

DEBOUNCE_MS = 2000  # that changes which follow each other are told as one

Watch = Callable[[Path, bool], AsyncGenerator[None, None]]
"""Tells each time that something changed at a path, which is a folder or not. Raises Temporary when
it cannot watch.
"""


async def changes(path: Path, folder: bool) -> AsyncGenerator[None, None]:
    """Below a folder; of a file: in its folder, where it may be put anew under its name."""
    root = path if folder else path.parent

    def wanted(change: watchfiles.Change, told: str) -> bool:
        if not folder:
            return Path(told) == path
        return not any(map(is_rubbish, Path(told).relative_to(root).parts))

    try:
        watched = watchfiles.awatch(
            root,
            watch_filter=wanted,
            debounce=DEBOUNCE_MS,
            step=200,
            recursive=folder,
            ignore_permission_denied=True,
        )
        async with aclosing(watched) as batches:
            async for _ in batches:
                yield
    except (OSError, RuntimeError) as error:  # the kernel's limit of watches, a folder that is gone
        raise Temporary(
            f"changes in {root} are not told by the kernel: {error}",
            remedy="sysctl fs.inotify.max_user_watches=262144; until then it is looked at again "
            "and again",
        ) from error
