"""The front page, in a real browser with the real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.conftest import ORIGIN
from tests.support import servers
from tests.support.browser import Browser, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

pytestmark = pytest.mark.apart
# Browsers differ in the features that they know; the policy names all of them.
UNKNOWN_FEATURE = "Error with Permissions-Policy header: Unrecognized feature"
HIDDEN = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def service(
    service_url: str, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("front")
    settings = {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{folder / 'store'}",
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": ORIGIN,
        "SECURITY_CONTACT": "mailto:security@example.com",
        "SOURCE_URL": "https://git.example.com/futuretracker",
        **issuer.settings(),
    }
    with servers.gunicorn(settings, folder / "log", patient=True) as running:
        yield running


@pytest.fixture(scope="module")
def chrome(
    tmp_path_factory: pytest.TempPathFactory, needs_chromium: None, needs_node: None
) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 768, 1440])
def test_the_page_is_accessible_and_fits_the_window(
    service: Service, chrome: Browser, width: int, *, dark: bool
) -> None:
    origin = f"http://127.0.0.1:{service.port}/"
    chrome.console(), chrome.requests()
    chrome.open(origin, width=width, dark=dark)

    assert chrome.find(".state").text == "Everything works."
    assert chrome.script(HIDDEN) == 0
    assert chrome.violations() == []
    assert [line for line in chrome.console() if UNKNOWN_FEATURE not in line] == []
    assert chrome.script("window.violations") == []
    assert all(url.startswith(origin) for url in chrome.requests() if "://" in url)


def test_every_link_is_reached_with_the_keyboard_and_shows_it(
    service: Service, chrome: Browser
) -> None:
    chrome.open(f"http://127.0.0.1:{service.port}/", width=390)
    links = [link.get_attribute("href") for link in chrome.find_all("a")]
    assert len(links) == 8

    reached = []
    for _ in links:
        ActionChains(chrome.driver).send_keys(Keys.TAB).perform()
        reached.append(chrome.script("document.activeElement.href"))
        assert chrome.script("getComputedStyle(document.activeElement).outlineStyle") == "solid"

    assert reached == links
