"""The clock, against servers whose clocks are off: the one thing here that cannot be real."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.finding import Verdict
from tests.checks.conftest import look, subject_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from futuretracker.checks.finding import Finding


@contextmanager
def ahead(seconds: float) -> Iterator[str]:
    """Respond with a Date header that is so much ahead."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", formatdate(time.time() + seconds, usegmt=True))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [
        (0, Verdict.OK),
        (3.5, Verdict.WARNING),
        (-3.5, Verdict.WARNING),
        (6, Verdict.ERROR),
        (-3600, Verdict.ERROR),
    ],
)
def test_a_clock_that_is_off_is_found_before_tokens_are_refused_for_it(
    settings: dict[str, str], seconds: float, verdict: Verdict
) -> None:
    with ahead(seconds) as url:
        subject = subject_of(settings)
        assert subject.settings_or_none
        changed = replace(subject.settings_or_none, public_url=url)
        finding = look("clock", replace(subject, settings_or_none=changed))

    assert finding.verdict == verdict
    assert "the public URL" in finding.found


def test_a_host_that_can_ask_nobody_does_not_know(find: Callable[..., Finding]) -> None:
    assert find("clock").verdict == Verdict.UNKNOWN


def test_a_public_url_that_does_not_respond_has_no_clock(find: Callable[..., Finding]) -> None:
    assert find("clock", PUBLIC_URL="https://127.0.0.1:1").verdict == Verdict.UNKNOWN
