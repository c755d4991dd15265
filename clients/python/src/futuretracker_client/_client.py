"""The two clients: one that blocks, and one for asyncio."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING, Any, Self

import httpx

from futuretracker_client._downloads import AsyncDownload, Download
from futuretracker_client._errors import FutureTrackerError
from futuretracker_client._operations import AsyncOperations, Operations
from futuretracker_client._protocol import (
    Request,
    Retries,
    auth_of,
    build,
    next_page,
    no_response,
    origin_of,
    result_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Token = str | Callable[[], str | None]
    AsyncToken = str | Callable[[], str | Awaitable[str | None] | None]
    Exchanged = tuple[Any, Request | None]  # the body, and the request for the next page


class Client(Operations):
    """A client that waits for each response. Close it after use, or use it in a ``with`` block.

    Args:
        base_url: The address of the service, with or without ``/api/v1``.
        token: The session token or an API key, or a function that returns it. The function runs
            before each request. Use one for session tokens, as they expire after a minute.
        auth: Signs the requests in place of a token: ``HmacAuth`` or ``Ed25519Auth``.
        retries: How often a request is sent again, if it is safe to.
        max_retry_delay: Fail at once if the service asks for a longer wait, in seconds.
        timeout: How long to wait for the next part of a response, in seconds.
        http: An httpx client of your own, for proxies or certificates. It has its own timeout,
            and stays open.
    """

    def __init__(  # noqa: PLR0913 - all but two are keywords with a default
        self,
        base_url: str,
        token: Token | None = None,
        *,
        auth: httpx.Auth | None = None,
        retries: int = 2,
        max_retry_delay: float = 20,
        timeout: float = 30,
        http: httpx.Client | None = None,
    ) -> None:
        self._base = origin_of(base_url)
        self._token = token
        self._auth = auth
        self._retries = Retries(retries, max_retry_delay)
        self._http = http or httpx.Client(timeout=timeout)
        self._own_http = http is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._own_http:
            self._http.close()

    def _send(self, request: Request) -> Any:
        body, _ = self._exchange(request)
        return body

    def _items(self, request: Request) -> Iterator[Any]:
        following: Request | None = request
        while following:
            items, following = self._exchange(following)
            yield from items

    def _exchange(self, request: Request) -> Exchanged:
        attempt = 0
        while True:
            try:
                return self._exchange_once(request)
            except FutureTrackerError as error:
                delay = self._retries.delay(request, error, attempt)
                if delay is None:
                    raise
            time.sleep(delay)
            attempt += 1

    def _exchange_once(self, request: Request) -> Exchanged:
        given = None if request.is_public or self._auth else self._token
        token = given() if callable(given) else given
        built = build(self._http, self._base, request, token, is_signed=self._auth is not None)
        try:
            response = self._http.send(
                built, auth=auth_of(request, self._auth), stream=request.is_download
            )
            if request.is_download and response.is_success:
                return Download(response, self._base), None
            response.read()
        except httpx.RequestError as cause:
            raise no_response(self._base, cause) from cause
        return result_of(request, response), next_page(request, response)


class AsyncClient(AsyncOperations):
    """A client for asyncio. Close it after use, or use it in an ``async with`` block.

    Args:
        base_url: The address of the service, with or without ``/api/v1``.
        token: The session token or an API key, or a function or coroutine function that returns
            it. The function runs before each request. Use one for session tokens, as they expire
            after a minute.
        auth: Signs the requests in place of a token: ``HmacAuth`` or ``Ed25519Auth``.
        retries: How often a request is sent again, if it is safe to.
        max_retry_delay: Fail at once if the service asks for a longer wait, in seconds.
        timeout: How long to wait for the next part of a response, in seconds.
        http: An httpx client of your own, for proxies or certificates. It has its own timeout,
            and stays open.
    """

    def __init__(  # noqa: PLR0913 - all but two are keywords with a default
        self,
        base_url: str,
        token: AsyncToken | None = None,
        *,
        auth: httpx.Auth | None = None,
        retries: int = 2,
        max_retry_delay: float = 20,
        timeout: float = 30,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._base = origin_of(base_url)
        self._token = token
        self._auth = auth
        self._retries = Retries(retries, max_retry_delay)
        self._http = http or httpx.AsyncClient(timeout=timeout)
        self._own_http = http is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_failure: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._own_http:
            await self._http.aclose()

    async def _send(self, request: Request) -> Any:
        body, _ = await self._exchange(request)
        return body

    async def _items(self, request: Request) -> AsyncIterator[Any]:
        following: Request | None = request
        while following:
            items, following = await self._exchange(following)
            for item in items:
                yield item

    async def _exchange(self, request: Request) -> Exchanged:
        attempt = 0
        while True:
            try:
                return await self._exchange_once(request)
            except FutureTrackerError as error:
                delay = self._retries.delay(request, error, attempt)
                if delay is None:
                    raise
            await asyncio.sleep(delay)
            attempt += 1

    async def _exchange_once(self, request: Request) -> Exchanged:
        given = None if request.is_public or self._auth else self._token
        token = given() if callable(given) else given
        if inspect.isawaitable(token):
            token = await token
        built = build(self._http, self._base, request, token, is_signed=self._auth is not None)
        try:
            response = await self._http.send(
                built, auth=auth_of(request, self._auth), stream=request.is_download
            )
            if request.is_download and response.is_success:
                return AsyncDownload(response, self._base), None
            await response.aread()
        except httpx.RequestError as cause:
            raise no_response(self._base, cause) from cause
        return result_of(request, response), next_page(request, response)
