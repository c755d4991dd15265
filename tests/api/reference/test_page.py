"""The reference page, in a real browser with the real service."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from futuretracker.api.reference.assets import link
from tests.conftest import ORIGIN
from tests.support import servers
from tests.support.browser import WITHIN, Browser, chromium

if TYPE_CHECKING:
    from selenium.webdriver.remote.webelement import WebElement

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

pytestmark = pytest.mark.apart
numbers = count(1)
METHODS = ("get", "post", "put", "patch", "delete")
CREATE = "#tag/opportunities/POST/api/v1/opportunities"
GUIDES = [
    "First request",
    "Signing in",
    "Keys for programs",
    "Paging and search",
    "Rounds and status",
    "Errors",
    "Rate limits",
    "Moving from the original API",
]
TOKEN = "input[placeholder=Token]"
DIALOG = "[role=dialog]"
# Browsers differ in the features that they know; the policy names all of them.
UNKNOWN_FEATURE = "Error with Permissions-Policy header: Unrecognized feature"
BANNER = '"@scalar/api-reference@'  # the library logs its name


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def service(
    settings_of_page: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    with servers.gunicorn(settings_of_page, tmp_path_factory.mktemp("log") / "log") as running:
        yield running


@pytest.fixture(scope="module")
def chrome(
    tmp_path_factory: pytest.TempPathFactory, needs_chromium: None, needs_node: None
) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def token(issuer: Issuer) -> str:
    return issuer.token(f"user_reader{next(numbers)}x{os.getpid()}", ttl=600, azp=ORIGIN)


Page: TypeAlias = Callable[..., Browser]


@pytest.fixture
def page(service: Service, chrome: Browser) -> Iterator[Page]:
    """Open the page; check that it breaks no policy and sends no request elsewhere."""
    origins: set[str] = set()
    expected: list[str] = []

    def page(
        width: int = 1280,
        *,
        fragment: str = "",
        error: str = "",
        dark: bool = False,
        port: int = service.port,
    ) -> Browser:
        origin = f"http://127.0.0.1:{port}/"
        origins.add(origin)
        expected.extend([error] if error else [])
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


def wait(browser: Browser, condition: Callable[[], Any], message: str) -> Any:
    return WebDriverWait(browser.driver, WITHIN).until(lambda _: condition(), message)


def texts(browser: Browser, selector: str) -> list[str]:
    """Return the texts of all elements, also of those that are hidden visually."""
    found = browser.driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent.trim())",
        selector,
    )
    assert isinstance(found, list)
    return found


def navigation(browser: Browser) -> list[str]:
    return texts(browser, "aside a")


def open_create(browser: Browser) -> WebElement:
    """Press "Test Request" beside the operation, and return the dialog."""
    browser.find("button.show-api-client-button[method=post]")
    browser.driver.execute_script(
        "document.querySelector('button.show-api-client-button[method=post]').click()"
    )
    return browser.find(DIALOG)


def send(browser: Browser, shown: str) -> str:
    """Send the request of the dialog; return the status of the response that shows this text."""
    button = next(
        button
        for button in browser.find_all(f"{DIALOG} button")
        if button.is_displayed() and button.text.startswith("Send")
    )
    button.click()
    response = f"{DIALOG} section[aria-label=Response]"
    wait(browser, lambda: shown in " ".join(texts(browser, response)), f"{shown} is not shown")
    status = re.search(r"Status:\s*([1-5][0-9][0-9])", " ".join(texts(browser, response)))
    assert status
    return status[1]


def overflow(browser: Browser) -> Any:
    return browser.script(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def document(service: Service) -> Any:
    return service.request("GET", "/api/v1/openapi.json").json


def test_the_guides_come_first_and_the_original_api_last_and_folded(page: Page) -> None:
    browser = page()
    wait(browser, lambda: GUIDES[-1] in navigation(browser), "the guides are folded")

    shown = navigation(browser)
    groups = ["Introduction", *GUIDES, "API", "Opportunities", "Interview rounds", "Analytics"]
    assert shown[: len(groups)] == groups
    assert shown[len(groups) : -1] == ["Account", "API keys", "Service", "Deprecated"]


def test_every_operation_is_on_the_page_when_its_group_is_open(
    page: Page, service: Service
) -> None:
    api = document(service)
    summaries = [
        operation["summary"]
        for item in api["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    ]
    assert len(summaries) > 20

    browser = page()
    wait(browser, lambda: GUIDES[-1] in navigation(browser), "the guides are folded")
    for _ in range(3):  # groups, tags, and whatever is in them
        browser.driver.execute_script(
            "for (const one of document.querySelectorAll('aside button'))"
            " if (one.textContent.includes('Open Group')) one.click()"
        )

    def all_shown() -> bool:
        shown = " ".join(navigation(browser))
        return all(summary in shown for summary in summaries)

    wait(browser, all_shown, "an operation is missing")


def test_a_token_creates_an_opportunity(page: Page, service: Service, token: str) -> None:
    browser = page(fragment=CREATE)
    browser.find(TOKEN).send_keys(token)
    open_create(browser)

    assert send(browser, '"created_at"') == "201"

    [row] = service.request("GET", "/api/v1/opportunities", token=token).json["items"]
    assert row["title"] == "Backend internship"


def test_without_a_token_the_page_shows_the_401(page: Page) -> None:
    browser = page(fragment=CREATE, error="status of 401")
    open_create(browser)

    assert send(browser, "Missing or invalid Authorization header") == "401"


def test_a_429_shows_when_to_try_again(
    page: Page,
    settings_of_page: dict[str, str],
    token: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("limited")
    settings = {
        **settings_of_page,
        "STORE_URL": f"lmdb://{folder / 'store'}",
        "RATE_LIMIT_USER_WRITE": "1 per 15 minutes",
    }
    with servers.gunicorn(settings, folder / "log") as limited:
        first = limited.request("POST", "/api/v1/opportunities", token=token, body={"title": "One"})
        assert first.status == 201
        browser = page(fragment=CREATE, error="status of 429", port=limited.port)
        browser.find(TOKEN).send_keys(token)
        open_create(browser)

        assert send(browser, '"retryAfter"') == "429"


def test_a_token_is_kept_for_the_tab_and_no_longer(page: Page, token: str) -> None:
    browser = page(fragment=CREATE)
    browser.find(TOKEN).send_keys(token)
    stored = "JSON.stringify(Object.entries(sessionStorage))"
    wait(browser, lambda: token in browser.script(stored), "the token is not stored")
    # The page changes its fragment when it scrolls, so a reload would not show the operation.
    origin = browser.driver.current_url.partition("/docs")[0]
    browser.driver.get(f"{origin}/robots.txt")
    browser.driver.get(f"{origin}/docs{CREATE}")
    open_create(browser)
    assert send(browser, '"created_at"') == "201"
    assert browser.script("document.cookie") == ""

    tab = browser.driver.current_window_handle
    browser.driver.switch_to.new_window("tab")
    try:
        browser.driver.get(f"{origin}/robots.txt")  # the real localStorage
        assert browser.script("localStorage.length + sessionStorage.length") == 0
    finally:
        browser.driver.close()
        browser.driver.switch_to.window(tab)


@pytest.mark.parametrize("language", ["curl", "fetch", "requests"])
def test_every_operation_has_a_sample_in_three_languages(page: Page, language: str) -> None:
    tab, sample = {
        "curl": ("Shell", "curl http"),
        "fetch": ("JavaScript", "fetch('http"),
        "requests": ("Python", "requests.post("),
    }[language]
    browser = page(fragment=CREATE)
    chosen = wait(
        browser,
        lambda: [one for one in browser.find_all("[role=tab]") if one.text.strip() == tab],
        f"there is no tab for {tab}",
    )[0]
    browser.driver.execute_script("arguments[0].click()", chosen)

    wait(
        browser,
        lambda: any(sample in text for text in texts(browser, "#reference pre, #reference code")),
        "there is no sample",
    )


def test_the_search_finds_an_operation_with_the_keyboard_alone(page: Page) -> None:
    browser = page()
    wait(browser, lambda: GUIDES[-1] in navigation(browser), "the guides are folded")
    keys = ActionChains(browser.driver)
    keys.key_down(Keys.CONTROL).send_keys("k").key_up(Keys.CONTROL).perform()
    browser.find(f"{DIALOG} input")
    ActionChains(browser.driver).send_keys("Create an opportunity").perform()
    wait(
        browser,
        lambda: any("Create an opportunity" in text for text in texts(browser, "[role=option]")),
        "nothing was found",
    )
    ActionChains(browser.driver).send_keys(Keys.ARROW_DOWN, Keys.ENTER).perform()

    wait(browser, lambda: CREATE in browser.driver.current_url, "the operation is not shown")


def test_the_navigation_works_with_the_keyboard_alone(page: Page) -> None:
    browser = page()
    wait(browser, lambda: GUIDES[-1] in navigation(browser), "the guides are folded")
    for _ in range(30):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        if browser.script("document.activeElement.textContent.trim()") == "Errors":
            break
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()

    wait(browser, lambda: browser.driver.current_url.endswith("/errors"), "nothing happened")


@pytest.mark.parametrize("fragment", ["", CREATE])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_is_accessible_and_fits_the_window(
    page: Page, width: int, fragment: str, *, dark: bool
) -> None:
    browser = page(width, fragment=fragment, dark=dark)
    browser.find("code.hljs[tabindex]")
    if fragment:
        browser.find("button.show-api-client-button")

    assert browser.script("innerWidth") == width
    assert overflow(browser) == 0
    assert browser.violations() == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_dialog_is_accessible_and_gives_the_page_back(
    page: Page, token: str, width: int, *, dark: bool
) -> None:
    browser = page(width, fragment=CREATE, dark=dark)
    browser.find(TOKEN).send_keys(token)
    open_create(browser)
    send(browser, '"created_at"')

    assert overflow(browser) == 0
    assert browser.violations() == []
    ActionChains(browser.driver).send_keys(Keys.ESCAPE).perform()
    closed = "document.querySelector('main[inert]') === null"
    wait(browser, lambda: browser.script(closed), "the page cannot be used")
    assert browser.script("document.querySelector('[role=dialog]').inert") is True
    wait(browser, lambda: browser.script(f"document.activeElement.matches('{TOKEN}')"), "no focus")
    assert browser.violations() == []


def test_a_first_visit_takes_less_than_a_megabyte(service: Service, page: Page) -> None:
    """Only the first: the library is kept for good, and its URL has its version."""
    browser = page()
    wait(browser, lambda: GUIDES[-1] in navigation(browser), "the guides are folded")
    names = browser.script("performance.getEntriesByType('resource').map((one) => one.name)")
    paths = {name.partition(str(service.port))[2] for name in names}

    accept = {"Accept-Encoding": "br, gzip"}
    sizes = {path: len(service.request("GET", path, headers=accept).body) for path in paths}
    assert link("standalone.esm.js") in sizes
    assert sum(sizes.values()) < 1_000_000, json.dumps(sizes, indent=2)
