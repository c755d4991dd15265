"""Files that the service sends in parts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

import httpx

from futuretracker_client._protocol import no_response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@contextmanager
def _errors_of(base: str) -> Iterator[None]:
    """Raise the error of the client if the connection ends before the file does."""
    try:
        yield
    except httpx.RequestError as cause:
        raise no_response(base, cause) from cause


class Download:
    """A file, whose parts arrive while you iterate over it. Close it, or use a ``with`` block.

    Attributes:
        headers: The headers of the response. ``Content-Disposition`` has a name for the file.
    """

    def __init__(self, response: httpx.Response, base: str) -> None:
        self.headers = response.headers
        self._response = response
        self._base = base

    def __iter__(self) -> Iterator[bytes]:
        with _errors_of(self._base):
            yield from self._response.iter_bytes()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def read(self) -> bytes:
        """Return the whole file."""
        return b"".join(self)

    def close(self) -> None:
        """Read no more of the file."""
        self._response.close()


class AsyncDownload:
    """A file, whose parts arrive while you iterate over it. Close it, or use ``async with``.

    Attributes:
        headers: The headers of the response. ``Content-Disposition`` has a name for the file.
    """

    def __init__(self, response: httpx.Response, base: str) -> None:
        self.headers = response.headers
        self._response = response
        self._base = base

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _errors_of(self._base):
            async for part in self._response.aiter_bytes():
                yield part

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self.close()

    async def read(self) -> bytes:
        """Return the whole file."""
        return b"".join([part async for part in self])

    async def close(self) -> None:
        """Read no more of the file."""
        await self._response.aclose()
