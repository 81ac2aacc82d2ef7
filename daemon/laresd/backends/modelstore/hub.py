"""Files of a model hub over its HTTP protocol; the one file that knows huggingface_hub.

Since its version 2, hf_hub_download begins anew after an interruption, so only its metadata,
headers and session are used here, and `pull` does the resuming. HF_ENDPOINT names a mirror and
HF_TOKEN a token, as everywhere with that library.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from laresd.errors import LaresError, Permanent, Refused, Temporary

CHUNK = 1 << 20
TIMEOUT = 30.0  # seconds without a byte


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the hub. `etag`: sha256 of a large file, git's blob sha1 of a small one (hex)."""

    repo: str
    name: str
    url: str
    size: int
    etag: str
    commit: str


class FileSource(Protocol):
    """Where model files come from."""

    @property
    def endpoint(self) -> str:
        """Its address, for messages."""
        ...

    def look(self, repo: str, name: str, revision: str) -> RemoteFile:
        """What the hub says about a file. Raises Temporary, Permanent or Refused."""
        ...

    def read(
        self, file: RemoteFile, start: int
    ) -> contextlib.AbstractContextManager[tuple[int, Iterator[bytes]]]:
        """(offset, bytes from there on). The offset is `start`, or 0 when the server cannot
        continue. Raises as `look`, also while it is read."""
        ...


class Hub:
    """`FileSource` over the hub's protocol."""

    def __init__(self, endpoint: str | None = None) -> None:
        # The library reads these when it is imported. No telemetry from a private box; and plain
        # HTTP rather than Xet, whose downloads cannot be continued after an interruption.
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
        from huggingface_hub import constants  # noqa: PLC0415

        self._endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip(
            "/"
        )

    @property
    def endpoint(self) -> str:
        return self._endpoint

    def look(self, repo: str, name: str, revision: str) -> RemoteFile:
        from huggingface_hub import get_hf_file_metadata, hf_hub_url  # noqa: PLC0415

        url = hf_hub_url(repo, name, revision=revision, endpoint=self._endpoint)
        with self._told(f"{repo}/{name}"):
            found = get_hf_file_metadata(url, endpoint=self._endpoint, timeout=TIMEOUT)
        if found.size is None or not found.etag or not found.commit_hash:
            raise Permanent(
                f"{self._endpoint} does not tell the size and checksum of {repo}/{name}",
                remedy="check HF_ENDPOINT: this does not look like a model hub",
            )
        return RemoteFile(repo, name, url, found.size, found.etag, found.commit_hash)

    @contextlib.contextmanager
    def read(self, file: RemoteFile, start: int) -> Iterator[tuple[int, Iterator[bytes]]]:
        from huggingface_hub import get_session  # noqa: PLC0415
        from huggingface_hub.utils._headers import build_hf_headers  # noqa: PLC0415
        from huggingface_hub.utils._http import hf_raise_for_status  # noqa: PLC0415

        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with (
            self._told(f"{file.repo}/{file.name}"),
            get_session().stream(
                "GET", file.url, headers=headers, timeout=TIMEOUT, follow_redirects=True
            ) as response,
        ):
            hf_raise_for_status(response)
            offset = _offset(response.headers.get("Content-Range")) or 0
            yield offset, response.iter_bytes(chunk_size=CHUNK)

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """What went wrong on the way, as one of our errors."""
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled  # noqa: PLC0415
        from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # noqa: PLC0415  # exported lazily

        try:
            yield
        except HfHubHTTPError as error:
            raise self._status(error.response.status_code, what) from error
        except OfflineModeIsEnabled as error:
            raise Refused(
                "HF_HUB_OFFLINE is set: nothing is pulled", remedy="unset HF_HUB_OFFLINE"
            ) from error
        except httpx.HTTPError as error:
            raise Temporary(
                f"{self._endpoint} cannot be reached: {error or type(error).__name__}",
                remedy="check the network, or name a mirror in HF_ENDPOINT",
            ) from error

    def _status(self, status: int, what: str) -> LaresError:
        if status in (401, 403):
            return Refused(
                f"{self._endpoint} does not give {what} to everybody ({status})",
                remedy="accept its licence on the hub and put your token into HF_TOKEN, "
                "or the name is wrong",
            )
        if status == 404:
            return Permanent(
                f"{self._endpoint} has no {what}",
                remedy="check the name; the file may have been renamed on the hub",
            )
        if status == 416:
            return Temporary(f"{self._endpoint} has another {what} now", remedy="pull again")
        if status == 429 or status >= 500:
            return Temporary(f"{self._endpoint} is busy ({status})", remedy="try again later")
        return Permanent(f"{self._endpoint} answers {status} for {what}")


def _offset(content_range: str | None) -> int | None:
    match = re.match(r"bytes (\d+)-", content_range or "")
    return int(match[1]) if match else None
