"""The reference page: its files, and what a person does with it in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.browser import POLL, WITHIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver.remote.webelement import WebElement

    from tests.support.browser import Browser
    from tests.support.servers import Service

    Page: TypeAlias = Callable[..., Browser]

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


def wait(browser: Browser, condition: Callable[[], Any], message: str) -> Any:
    return WebDriverWait(browser.driver, WITHIN, POLL).until(lambda _: condition(), message)


def texts(browser: Browser, selector: str) -> list[str]:
    """Return the texts of all elements, also of those that are hidden visually."""
    found = browser.driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent.trim())",
        selector,
    )
    assert isinstance(found, list)
    return found


def see(browser: Browser, selector: str, shown: str) -> str:
    """Wait until these elements show a text; return all of their text."""
    wait(browser, lambda: shown in " ".join(texts(browser, selector)), f"{shown} is not shown")
    return " ".join(texts(browser, selector))


def press(browser: Browser, *keys: str) -> None:
    ActionChains(browser.driver).send_keys(*keys).perform()


def search(browser: Browser, words: str) -> None:
    """Open the first result of a search, with the keyboard alone."""
    keys = ActionChains(browser.driver)
    keys.key_down(Keys.CONTROL).send_keys("k").key_up(Keys.CONTROL).perform()
    browser.find(f"{DIALOG} input")
    press(browser, words)
    wait(
        browser,
        lambda: any(words in text for text in texts(browser, "[role=option]")),
        "nothing was found",
    )
    press(browser, Keys.ARROW_DOWN, Keys.ENTER)


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
    press_send(browser)
    return status(browser, shown)


def press_send(browser: Browser) -> None:
    button = next(
        button
        for button in browser.find_all(f"{DIALOG} button")
        if button.is_displayed() and button.text.startswith("Send")
    )
    button.click()


def response(browser: Browser, shown: str) -> str:
    """Return the text of the dialog's response when it shows this."""
    return see(browser, f"{DIALOG} section[aria-label=Response]", shown)


def status(browser: Browser, shown: str) -> str:
    """Return the status of the dialog's response when it shows this text."""
    found = re.search(r"Status:\s*([1-5][0-9][0-9])", response(browser, shown))
    assert found
    return found[1]


def overflow(browser: Browser) -> Any:
    return browser.script(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def document(service: Service) -> Any:
    return service.request("GET", "/api/v1/openapi.json").json
