"""Headless Chromium with a fresh profile."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from selenium import webdriver
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.node import install

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.remote.remote_connection import RemoteConnection
    from selenium.webdriver.remote.webelement import WebElement

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = Path(__file__).with_name("axe")
WITHIN = 300  # seconds; a busy machine shows a page of three megabytes slowly
POLL = 0.1  # seconds between two looks at the page
# Runs before any script of a page; records what the Content-Security-Policy blocks.
RECORD_VIOLATIONS = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
        window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
# A colour that fades in has too little contrast until its animation has ended.
SETTLED = """
    async function settled() {
        const ends = (one) => one.effect.getComputedTiming().endTime !== Infinity;
        const running = () => document.getAnimations().filter(
            (one) => one.playState === "running" && ends(one));
        while (running().length > 0) {
            await Promise.allSettled(running().map((one) => one.finished));
        }
    }
"""


class Browser:
    """Shows one page at a time and records its requests."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self._messages: list[dict[str, Any]] = []

    def open(self, url: str, *, width: int, dark: bool = False) -> None:
        """Open a page in a window of this width."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        self.driver.get(url)

    def find(self, selector: str) -> WebElement:
        """Wait for the element that the selector matches."""
        return WebDriverWait(self.driver, WITHIN, POLL).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, selector),
            f"there is no {selector}",
        )

    def find_all(self, selector: str) -> list[WebElement]:
        self.find(selector)
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def paste(self, selector: str, text: str) -> None:
        """Paste a text into a field: a single input, however long the text is."""
        self.driver.execute_script("arguments[0].focus()", self.find(selector))
        self.driver.execute_cdp_cmd("Input.insertText", {"text": text})

    @contextmanager
    def offline(self) -> Iterator[None]:
        """Take the network away until the block ends."""
        usual = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        command = "Network.emulateNetworkConditions"
        self.driver.execute_cdp_cmd(command, {"offline": True, **usual})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd(command, {"offline": False, **usual})

    def script(self, expression: str) -> Any:
        return self.driver.execute_script(f"return {expression}")

    def violations(self) -> list[str]:
        """Return what axe-core finds wrong with the page: each rule with the elements."""
        install(AXE)
        self.driver.execute_script((AXE / "node_modules/axe-core/axe.min.js").read_text())
        found = self.driver.execute_async_script(
            f"({SETTLED})().then(() => axe.run()).then(arguments[0])"
        )
        return [
            f"{rule['id']}: {' '.join(map(str, node['target']))}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def console(self) -> list[str]:
        """Return the console's errors and warnings since the last call."""
        return [line["message"] for line in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def requests(self) -> list[str]:
        """Return the URLs requested since the last call, without data: URLs.

        The files of the browser's own start page are left out too: it may still load them.
        """
        lines = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        events = [json.loads(line["message"])["message"] for line in lines]
        urls = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in urls if not url.startswith(("data:", "chrome:"))]


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Run the installed Chromium until the block ends."""
    binary, driver_path = shutil.which("chromium"), shutil.which("chromedriver")
    assert binary, "the test must say that it needs chromium"
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Driver(driver_path))
    executor = cast("RemoteConnection", driver.command_executor)
    executor.client_config.timeout = 2 * WITHIN  # for one command
    try:
        driver.set_script_timeout(WITHIN)
        driver.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": RECORD_VIOLATIONS}
        )
        yield Browser(driver)
    finally:
        driver.quit()
