"""The reference page with the keyboard alone: no mouse, and no script that clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.keys import Keys

from tests.api.reference import (
    CREATE,
    DIALOG,
    GUIDES,
    TOKEN,
    navigation,
    press,
    search,
    status,
    wait,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.api.reference import Page
    from tests.support.browser import Browser
    from tests.support.servers import Service

pytestmark = pytest.mark.apart
TABS = 150  # more than between any two places that these tests visit
ENDPOINT = f"a.endpoint[href='{CREATE}']"
TEST_REQUEST = "button.show-api-client-button[method=post]"


def tab_to(browser: Browser, selector: str, text: str = "") -> None:
    """Press Tab until the focus is on this element; leave an editor as its hint says."""
    for _ in range(TABS):
        if browser.script("document.activeElement.matches('.cm-content')"):
            press(browser, Keys.ESCAPE)
        press(browser, Keys.TAB)
        focused = browser.driver.switch_to.active_element
        if browser.script(f"document.activeElement.matches({selector!r})") and text in focused.text:
            return
    pytest.fail(f"the keyboard does not reach {selector}")


def open_page(page: Page, errors: Sequence[str] = ()) -> Browser:
    browser = page(errors=errors)
    wait(browser, lambda: GUIDES[-1] in navigation(browser), "the guides are folded")
    return browser


def try_create(browser: Browser, shown: str) -> str:
    """Go to the operation, and send its request; return the status that shows this text."""
    tab_to(browser, ENDPOINT)
    press(browser, Keys.ENTER)
    reached = "document.activeElement.matches('section') && document.activeElement.innerText"
    wait(browser, lambda: "Create an opportunity" in (browser.script(reached) or ""), "not there")
    tab_to(browser, TEST_REQUEST)
    press(browser, Keys.ENTER)
    inside = f"document.activeElement.closest('{DIALOG}') !== null"
    wait(browser, lambda: browser.script(inside), "the dialog does not get the focus")
    tab_to(browser, f"{DIALOG} button", "Send")
    press(browser, Keys.ENTER)
    return status(browser, shown)


def close(browser: Browser) -> None:
    """Close the dialog, and expect the focus where it was before."""
    press(browser, Keys.ESCAPE)
    back = f"document.activeElement.matches('{TEST_REQUEST}')"
    wait(browser, lambda: browser.script(back), "the focus is lost")


def test_a_request_with_a_token(page: Page, service: Service, token: str) -> None:
    browser = open_page(page)
    tab_to(browser, TOKEN)
    press(browser, token)

    assert try_create(browser, '"created_at"') == "201"
    close(browser)
    [row] = service.request("GET", "/api/v1/opportunities", token=token).json["items"]
    assert row["title"] == "Backend internship"


def test_a_request_without_a_token(page: Page) -> None:
    browser = open_page(page, errors=["status of 401"])

    assert try_create(browser, "Missing or invalid Authorization header") == "401"
    close(browser)


def test_the_search_finds_an_operation(page: Page) -> None:
    browser = open_page(page)
    search(browser, "Create an opportunity")

    wait(browser, lambda: CREATE in browser.driver.current_url, "the operation is not shown")


def test_the_navigation(page: Page) -> None:
    browser = open_page(page)
    tab_to(browser, "aside a", "Errors")
    press(browser, Keys.ENTER)

    wait(browser, lambda: browser.driver.current_url.endswith("/errors"), "nothing happened")
