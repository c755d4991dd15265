"""The reference page, in a real browser with the real service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from futuretracker.api.reference.assets import DIALOG, link
from tests.api.reference import (
    CREATE,
    GUIDES,
    METHODS,
    TOKEN,
    document,
    navigation,
    open_create,
    overflow,
    send,
    wait,
)
from tests.support import servers

if TYPE_CHECKING:
    from tests.api.reference import Page
    from tests.support.browser import Browser
    from tests.support.servers import Service

pytestmark = pytest.mark.apart


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
    browser.paste(TOKEN, token)
    open_create(browser)

    assert send(browser, '"created_at"') == "201"

    [row] = service.request("GET", "/api/v1/opportunities", token=token).json["items"]
    assert row["title"] == "Backend internship"


def test_without_a_token_the_page_shows_the_401(page: Page) -> None:
    browser = page(fragment=CREATE, errors=["status of 401"])
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
    with servers.gunicorn(settings, folder / "log", patient=True) as limited:
        first = limited.request("POST", "/api/v1/opportunities", token=token, body={"title": "One"})
        assert first.status == 201
        browser = page(fragment=CREATE, errors=["status of 429"], port=limited.port)
        browser.paste(TOKEN, token)
        open_create(browser)

        assert send(browser, '"retryAfter"') == "429"


def test_a_token_is_kept_for_the_tab_and_no_longer(page: Page, token: str) -> None:
    browser = page(fragment=CREATE)
    browser.paste(TOKEN, token)
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
    browser.paste(TOKEN, token)
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


def test_a_first_visit_takes_800_kilobytes_and_then_300_for_the_dialog(
    service: Service, page: Page
) -> None:
    """Only the first: the library is kept for good, and its URL has its version."""
    browser = page()
    wait(browser, lambda: GUIDES[-1] in navigation(browser), "the guides are folded")
    wait(browser, lambda: link(DIALOG) in loaded(browser), "the dialog is not loaded")

    accept = {"Accept-Encoding": "br, gzip"}
    sizes = {
        path: len(service.request("GET", path, headers=accept).body) for path in loaded(browser)
    }
    assert link("standalone.esm.js") in sizes
    assert sum(sizes.values()) - sizes[link(DIALOG)] < 800_000, json.dumps(sizes, indent=2)
    assert sizes[link(DIALOG)] < 300_000


def loaded(browser: Browser) -> set[str]:
    """Return the paths that the page has loaded."""
    names = browser.script("performance.getEntriesByType('resource').map((one) => one.name)")
    return {urlsplit(name).path for name in names}
