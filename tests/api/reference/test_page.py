"""The reference page, in a real browser with the real service."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import ORIGIN
from tests.support import servers
from tests.support.browser import Browser, chromium

if TYPE_CHECKING:
    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

pytestmark = pytest.mark.apart
numbers = count(1)
METHODS = ("get", "post", "put", "patch", "delete")
CREATE = "#operations-Opportunities-createOpportunity"
# Browsers differ in the features that they know; the policy names all of them.
UNKNOWN_FEATURE = "Error with Permissions-Policy header: Unrecognized feature"


@pytest.fixture(scope="module")
def service(
    service_url: str, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("reference")
    settings = {
        "DATABASE_URL": service_url,
        "STORE_URL": f"lmdb://{folder / 'store'}",
        "TRUSTED_PROXIES": "0",
        "CORS_ORIGIN": ORIGIN,
        **issuer.settings(),
    }
    with servers.gunicorn(settings, folder / "log") as running:
        yield running


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def token(issuer: Issuer) -> str:
    return issuer.token(f"user_reader{next(numbers)}x{os.getpid()}", ttl=600, azp=ORIGIN)


@pytest.fixture
def page(service: Service, chrome: Browser) -> Iterator[Callable[..., Browser]]:
    """Open the page; check that it breaks no policy and sends no request elsewhere."""
    origin = f"http://127.0.0.1:{service.port}"
    expected: list[str] = []

    def page(width: int = 1280, *, error: str = "", dark: bool = False) -> Browser:
        expected.extend([error] if error else [])
        chrome.console(), chrome.requests()
        chrome.open(f"{origin}/docs", width=width, dark=dark)
        chrome.find(".opblock")
        return chrome

    yield page
    said = [line for line in chrome.console() if UNKNOWN_FEATURE not in line]
    assert len(said) == len(expected), said
    assert all(error in line for error, line in zip(expected, said, strict=True)), said
    assert chrome.script("window.violations") == []
    assert {url[: len(origin) + 1] for url in chrome.requests()} == {f"{origin}/"}


def document(service: Service) -> Any:
    return service.request("GET", "/api/v1/openapi.json").json


def authorize(browser: Browser, token: str) -> None:
    browser.find(".btn.authorize").click()
    browser.find(".auth-container input").send_keys(token)
    browser.find(".auth-btn-wrapper .authorize").click()
    browser.find(".auth-btn-wrapper .btn-done").click()


def create(browser: Browser, body: object) -> tuple[str, Any]:
    """Fill in the body, execute, and return what the page shows: a status and a body."""
    browser.find(f"{CREATE} .opblock-summary-control").click()
    text = browser.find(f"{CREATE} textarea")
    text.clear()
    text.send_keys(json.dumps(body))
    browser.find(f"{CREATE} .execute").click()
    shown = f"{CREATE} .live-responses-table tbody"
    answer = browser.find(f"{shown} .highlight-code code").text
    return browser.find(f"{shown} .response-col_status").text, json.loads(answer)


def overflow(browser: Browser) -> int:
    wide: int = browser.script("document.documentElement.scrollWidth")
    return wide - int(browser.script("document.documentElement.clientWidth"))


Page = Callable[..., Browser]


def test_every_tag_and_every_operation_is_on_the_page(page: Page, service: Service) -> None:
    api = document(service)
    operations = {
        (method.upper(), path): operation
        for path, item in api["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }

    browser = page()

    tags = [tag.get_attribute("data-tag") for tag in browser.find_all(".opblock-tag")]
    assert tags == [tag["name"] for tag in api["tags"]]
    shown = {
        (
            block.find_element("css selector", ".opblock-summary-method").text,
            block.find_element("css selector", "[data-path]").get_attribute("data-path"),
        )
        for block in browser.find_all(".opblock")
    }
    assert len(operations) > 20
    assert shown == set(operations)


def test_a_pasted_token_creates_an_opportunity(page: Page, service: Service, token: str) -> None:
    browser = page()
    authorize(browser, token)

    status, row = create(browser, {"title": "Tried in the page", "category": "internship"})

    assert status == "201"
    assert row["title"] == "Tried in the page"
    listed = service.request("GET", "/api/v1/opportunities", token=token).json
    assert listed["items"] == [row]


def test_the_example_that_stands_there_can_be_sent_as_it_is(page: Page, token: str) -> None:
    browser = page()
    authorize(browser, token)
    browser.find(f"{CREATE} .opblock-summary-control").click()

    browser.find(f"{CREATE} .execute").click()

    assert browser.find(f"{CREATE} .live-responses-table tbody .response-col_status").text == "201"


def test_a_400_shows_the_errors_of_its_fields(page: Page, token: str) -> None:
    browser = page(390, error="status of 400")
    authorize(browser, token)

    status, error = create(browser, {"title": "", "link": "nonsense"})

    assert status == "400"
    assert error["details"] == [
        {"field": "title", "message": "Title is required and cannot be empty"},
        {"field": "link", "message": "Link must be a valid URL (http or https)"},
    ]
    assert overflow(browser) == 0


def test_without_a_token_the_page_shows_the_401(page: Page) -> None:
    browser = page(error="status of 401")

    status, error = create(browser, {"title": "Nobody's"})

    assert status == "401"
    assert error["message"] == "Missing or invalid Authorization header"


def test_a_token_is_kept_nowhere(page: Page, token: str) -> None:
    browser = page()
    authorize(browser, token)
    assert browser.find(".btn.authorize.locked")

    for store in ("localStorage", "sessionStorage"):
        assert token not in browser.script(f"JSON.stringify({store})")
    assert browser.script("document.cookie") == ""
    browser.driver.refresh()
    assert browser.find(".btn.authorize.unlocked")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_never_wider_than_the_window(page: Page, width: int, *, dark: bool) -> None:
    browser = page(width, dark=dark)
    assert browser.script("innerWidth") == width
    assert overflow(browser) == 0

    operations = browser.find_all(".opblock-summary-control")
    for operation in (operations[0], operations[1], operations[3]):
        browser.driver.execute_script("arguments[0].click()", operation)
    assert len(browser.find_all(".opblock.is-open")) == 3
    assert browser.find(".responses-table .response")
    assert overflow(browser) == 0


def test_a_link_to_an_operation_opens_it(page: Page, service: Service, chrome: Browser) -> None:
    page()
    link = "#/Opportunities/createOpportunity"
    chrome.open("about:blank", width=1280)
    chrome.open(f"http://127.0.0.1:{service.port}/docs{link}", width=1280)

    assert chrome.find(f"{CREATE}.is-open")
