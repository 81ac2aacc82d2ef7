"""When something changes in a folder, as the kernel tells it (watchfiles)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from watchfiles._rust_notify import RustNotify

from laresd.backends.knowledge.listing import is_rubbish
from laresd.errors import Temporary

DEBOUNCE_MS = 2000  # that changes which follow each other are told as one
STEP_MS = 200  # without a change, and those before it are told
LOOK_MS = 60_000  # after which it is made sure that the folder is still the same one

Watch = Callable[[Path], AsyncGenerator[None, None]]
"""Tells when it has begun to watch below a folder, and each time that something changed there.
Raises Temporary when it cannot watch.
"""


async def changes(root: Path) -> AsyncGenerator[None, None]:
    """In a thread of its own, since the tree is walked at first. Ends with Temporary when the
    folder is another one by now, as after a disk was connected again.
    """
    loop, stop = asyncio.get_running_loop(), threading.Event()
    thread = ThreadPoolExecutor(1, thread_name_prefix="watch")
    try:
        identity = await loop.run_in_executor(thread, _identity, root)
        notify = await loop.run_in_executor(
            thread, lambda: RustNotify([str(root)], False, False, 0, True, True)
        )
        yield
        while True:
            told = await loop.run_in_executor(
                thread, lambda: notify.watch(DEBOUNCE_MS, STEP_MS, LOOK_MS, stop)
            )
            if isinstance(told, set):
                if any(_is_news(root, path) for _, path in told):
                    yield
            elif await loop.run_in_executor(thread, _identity, root) != identity:
                raise Temporary(f"{root} is another folder than it was")
    except (OSError, RuntimeError) as error:  # RuntimeError: RustNotify's own
        raise Temporary(
            f"changes in {root} are not told by the kernel: {error}",
            remedy="if it has too many folders: sysctl fs.inotify.max_user_watches=262144; "
            "until then it is looked at again and again",
        ) from error
    finally:
        stop.set()
        thread.shutdown(wait=False)  # it ends within a step


def _identity(root: Path) -> tuple[int, int]:
    told = root.stat()
    return told.st_dev, told.st_ino


def _is_news(root: Path, told: str) -> bool:
    path = Path(told)
    return not path.is_relative_to(root) or not any(map(is_rubbish, path.relative_to(root).parts))
