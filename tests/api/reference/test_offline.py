"""What a person sees when the network is gone after the reference page was loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selenium.common.exceptions import WebDriverException

from futuretracker.api.reference.assets import DIALOG as DIALOG_FILE
from futuretracker.api.reference.assets import link
from tests.api.reference import (
    CREATE,
    GUIDES,
    TOKEN,
    navigation,
    open_create,
    press_send,
    response,
    search,
    see,
    send,
    wait,
)

if TYPE_CHECKING:
    from tests.api.reference import Page
    from tests.support.browser import Browser

pytestmark = pytest.mark.apart
OFFLINE = "ERR_INTERNET_DISCONNECTED"
FAILED = "Failed to fetch"
LOADED = "performance.getEntriesByType('resource').map((one) => one.name)"
KEYS = "#tag/api-keys/POST/api/v1/api-keys/{key_id}/rotate"


def loaded(browser: Browser) -> Browser:
    """Wait until the page has loaded everything that it needs."""
    wait(browser, lambda: GUIDES[-1] in navigation(browser), "the guides are folded")
    last = link(DIALOG_FILE)
    wait(browser, lambda: last in " ".join(browser.script(LOADED)), "the dialog is not loaded")
    # The file has arrived, and the files that it imports come after it.
    browser.driver.execute_async_script(f"import({last!r}).then(() => arguments[0]())")
    return browser


def test_one_can_navigate_search_and_read(page: Page) -> None:
    browser = loaded(page())
    with browser.offline():
        browser.find("aside a[href='#description/errors']").click()
        wait(browser, lambda: browser.driver.current_url.endswith("/errors"), "nothing happened")
        search(browser, "Replace the secret of an API key")
        wait(browser, lambda: browser.driver.current_url.endswith(KEYS), "it is not shown")
        see(browser, "#reference p", "A secret that an earlier rotation has replaced stops working")
        see(browser, ".request-card pre", "/api/v1/api-keys/7Fq2kXw9LmZ4/rotate")


def test_a_request_says_that_the_network_failed_and_works_when_it_is_back(
    page: Page, token: str
) -> None:
    browser = loaded(page(fragment=CREATE, errors=(OFFLINE, FAILED)))
    browser.paste(TOKEN, token)
    with browser.offline():
        open_create(browser)
        press_send(browser)
        assert "a network connection problem" in response(browser, "Request failed")

    assert send(browser, '"created_at"') == "201"


def test_a_reload_needs_the_network_and_nothing_but_the_page_itself(page: Page) -> None:
    browser = loaded(page())
    origin = browser.driver.current_url.partition("/docs")[0]
    with browser.offline(), pytest.raises(WebDriverException, match=OFFLINE):
        browser.driver.get(f"{origin}/docs")

    browser.driver.get(f"{origin}/docs")
    loaded(browser)
    received = browser.driver.execute_script(
        "return performance.getEntriesByType('resource')"
        ".filter((one) => one.transferSize > 0).map((one) => one.name)"
    )
    assert {name for name in received if name.startswith(f"{origin}/docs/")} == set()
