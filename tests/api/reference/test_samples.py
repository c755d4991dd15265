"""The samples of the reference: every operation in curl, JavaScript and Python.

The test reads from each sample which request it would send. All three must be the same request,
and the service must accept it.
"""

from __future__ import annotations

import functools
import json
import re
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import MagicMock
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.api.reference import GUIDES, METHODS, document, navigation, wait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.api.reference import Page
    from tests.support.browser import Browser
    from tests.support.servers import Service

pytestmark = pytest.mark.apart
# What the page shows: the method, the path and the sample of each operation.
SAMPLES = """
    return [...document.querySelectorAll(".request-card")].map((card) =>
        [".request-method", ".operation-path", "pre code"].map((part) =>
            card.querySelector(part)?.textContent.trim()));
"""
# Whether the page shows the sample of one operation.
HAS_SAMPLE = """
    const text = (card, part) => card.querySelector(part)?.textContent.trim();
    return [...document.querySelectorAll(".request-card")].some((card) =>
        text(card, ".operation-path") === arguments[1] && text(card, "pre code")
        && text(card, ".request-method").toUpperCase() === arguments[0]);
"""
# fetch, which returns the request in place of a response.
FETCH = """
    const fetch = (url, {method = "GET", headers = {}, body = "null"} = {}) =>
        [method, url, headers, JSON.parse(body)];
    return %s;
"""
OPEN_GROUPS = """
    for (const button of document.querySelectorAll("aside button"))
        if (button.textContent.includes("Open Group")) button.click();
"""
CLICK = "document.querySelector(`aside a[href='${arguments[0]}']`).click()"
PLACEHOLDER = "YOUR_SECRET_TOKEN"


class Request(NamedTuple):
    """A request as a sample would send it."""

    method: str
    url: str  # without the query string
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any

    @classmethod
    def read(cls, method: str, url: str, headers: Mapping[str, str], body: Any) -> Request:
        """Split the query string off the URL."""
        url, _, query = url.partition("?")
        return cls(method, url, dict(parse_qsl(query, strict_parsing=bool(query))), headers, body)


def from_curl(_browser: Browser, sample: str) -> Request:
    """Read a curl command."""
    curl, url, *options = shlex.split(sample.replace("\\\n", " "))
    given = list(zip(options[::2], options[1::2], strict=True))
    assert curl == "curl"
    assert {name for name, _ in given} <= {"--request", "--header", "--data"}
    method = next((value for name, value in given if name == "--request"), "GET")
    headers = dict(value.split(": ", 1) for name, value in given if name == "--header")
    body = next((value for name, value in given if name == "--data"), "null")
    return Request.read(method, url, headers, json.loads(body))


def from_fetch(browser: Browser, sample: str) -> Request:
    """Run JavaScript in the browser."""
    return Request.read(*browser.driver.execute_script(FETCH % sample))


def from_requests(_browser: Browser, sample: str) -> Request:
    """Run Python with something in place of the library."""
    requests = MagicMock()
    exec(sample, {"requests": requests})  # noqa: S102 - a sample of our own page
    [(method, [url], options)] = requests.method_calls
    assert options.keys() <= {"headers", "json", "params"}
    query, headers = options.get("params", {}), options.get("headers", {})
    return Request(method.upper(), url, query, headers, options.get("json"))


READERS: Mapping[str, Callable[[Browser, str], Request]] = {
    "Shell": from_curl,
    "JavaScript": from_fetch,
    "Python": from_requests,
}


def operations(service: Service) -> dict[tuple[str, str], Any]:
    """Return every operation of the document by method and path."""
    return {
        (method.upper(), path): operation
        for path, item in document(service)["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def show_all(browser: Browser) -> None:
    """Visit every operation, because the page shows what has been near the window."""
    wait(browser, lambda: GUIDES[-1] in navigation(browser), "the guides are folded")
    for _ in range(3):  # groups, tags, and whatever is in them
        browser.driver.execute_script(OPEN_GROUPS)
        wait(browser, lambda: navigation(browser), "there is no navigation")
    for href in browser.script("[...document.querySelectorAll('aside a')].map((one) => one.hash)"):
        if re.match(r"#tag/[^/]+/[A-Z]+/", href):
            visit(browser, href)


def visit(browser: Browser, href: str) -> None:
    """Show an operation, and wait for its sample."""
    _, _, method, path = href.split("/", 3)
    browser.driver.execute_script(CLICK, href)
    is_there = functools.partial(browser.driver.execute_script, HAS_SAMPLE, method, f"/{path}")
    wait(browser, is_there, f"{href} has no sample")


def samples(browser: Browser) -> dict[tuple[str, str], str]:
    """Return the samples that the page shows, by method and path."""
    shown = browser.driver.execute_script(SAMPLES)
    return {(method.upper(), path): sample for method, path, sample in shown if sample}


def choose(browser: Browser, language: str) -> dict[tuple[str, str], str]:
    """Choose a language for all samples, and return them."""
    before = samples(browser)
    tab = next(tab for tab in browser.find_all("[role=tab]") if tab.text.strip() == language)
    if tab.get_attribute("aria-selected") == "true":
        return before

    def changed() -> bool:
        return all(text != before[key] for key, text in samples(browser).items())

    browser.driver.execute_script("arguments[0].click()", tab)
    wait(browser, changed, f"not every sample is in {language}")
    return samples(browser)


def test_every_operation_has_the_same_sample_in_three_languages(
    page: Page, service: Service, token: str
) -> None:
    browser, documented = page(), operations(service)
    show_all(browser)
    shown = {language: choose(browser, language) for language in READERS}
    for language, found in shown.items():
        assert found.keys() == documented.keys(), language
    for key, operation in documented.items():
        first, *others = (READERS[name](browser, found[key]) for name, found in shown.items())
        assert others == [first, first], key
        accepted(service, key, operation, first, token)


def accepted(
    service: Service, key: tuple[str, str], operation: Any, sample: Request, token: str
) -> None:
    """Send the request with a real token; expect the documented success, or no such opportunity."""
    method, path = key
    target = sample.url.removeprefix(f"http://127.0.0.1:{service.port}")
    pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
    assert sample.method == method
    assert re.fullmatch(pattern, target), target
    is_public = operation.get("security") == []
    assert sample.headers.get("Authorization") == (None if is_public else f"Bearer {PLACEHOLDER}")
    assert (sample.body is not None) == ("requestBody" in operation)

    response = service.request(
        method,
        f"{target}?{urlencode(sample.query)}",
        token="" if is_public else token,
        body=sample.body,
    )
    success = {int(status) for status in operation["responses"] if status < "300"}
    may_miss = {404} if "{" in path else set()
    assert response.status in success | may_miss, (key, response.body)
