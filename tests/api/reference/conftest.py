"""Fixtures: the service, a browser, and the reference page in it."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ORIGIN
from tests.support import servers
from tests.support.browser import Browser, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from futuretracker.commands.local.issuer import Issuer
    from tests.api.reference import Page
    from tests.support.servers import Service

numbers = count(1)
# Browsers differ in the features that they know; the policy names all of them.
UNKNOWN_FEATURE = "Error with Permissions-Policy header: Unrecognized feature"
BANNER = '"@scalar/api-reference@'  # the library logs its name


@pytest.fixture(scope="package")
def settings_of_page(
    service_url: str, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    return {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{tmp_path_factory.mktemp('store') / 'store'}",
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": ORIGIN,
        **issuer.settings(),
    }


@pytest.fixture(scope="package")
def service(
    settings_of_page: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    log = tmp_path_factory.mktemp("log") / "log"
    with servers.gunicorn(settings_of_page, log, patient=True) as running:
        yield running


@pytest.fixture(scope="package")
def chrome(
    tmp_path_factory: pytest.TempPathFactory, needs_chromium: None, needs_node: None
) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def token(issuer: Issuer) -> str:
    return issuer.token(f"user_reader{next(numbers)}x{os.getpid()}", ttl=600, azp=ORIGIN)


@pytest.fixture
def page(service: Service, chrome: Browser) -> Iterator[Page]:
    """Open the page; check that it breaks no policy and sends no request elsewhere."""
    origins: set[str] = set()
    expected: list[str] = []

    def page(
        width: int = 1280,
        *,
        fragment: str = "",
        errors: Sequence[str] = (),
        dark: bool = False,
        port: int = service.port,
    ) -> Browser:
        origin = f"http://127.0.0.1:{port}/"
        origins.add(origin)
        expected.extend(errors)
        chrome.open(f"{origin}robots.txt", width=width)
        chrome.script("sessionStorage.clear()")
        chrome.console(), chrome.requests()
        chrome.open(f"{origin}docs{fragment}", width=width, dark=dark)
        chrome.find("#reference h1")
        return chrome

    yield page
    said = [line for line in chrome.console() if UNKNOWN_FEATURE not in line and BANNER not in line]
    assert len(said) == len(expected), said
    assert all(error in line for error, line in zip(expected, said, strict=True)), said
    assert chrome.script("window.violations") == []
    urls = chrome.requests()
    assert any(url.endswith("/api/v1/openapi.json") for url in urls)
    assert {url for url in urls if not url.startswith(tuple(origins))} == set()
