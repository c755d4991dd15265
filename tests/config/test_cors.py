"""The settings for browsers: origins, patterns and request headers."""

from __future__ import annotations

import pytest

from tests.config.test_config import problems
from tests.conftest import config_from

CHROME = "chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj"
UUID = "d1f7e7a0-6f0e-4c9e-9a54-3f7c0a4c1b2d"
GOOD = [
    "https://app.example.com",
    "http://localhost:5173",
    CHROME,
    f"moz-extension://{UUID}",
    f"safari-web-extension://{UUID.upper()}",
    "moz-extension://*",
    "safari-web-extension://*",
]
BAD = [
    "*",
    "null",
    "https://*",
    "https://*.example.com",
    "https://app.example.com/",
    "chrome-extension://*",
    "chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfm",  # 31 letters
    "chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmq",
    f"{CHROME}/",
    "moz-extension://",
    "moz-extension://d1f7e7a0",
    "moz-extension://**",
    "moz-extension://*/",
    f"moz-extension://{UUID}:80",
    f"moz-extension://{UUID[:-1]}g",
    f"MOZ-EXTENSION://{UUID}",
    "safari-web-extension://*.example.com",
    "(https|http)://app.example.com",
]
SETTINGS = ("CORS_ORIGIN", "CLERK_AUTHORIZED_PARTIES")


@pytest.mark.parametrize("setting", SETTINGS)
def test_origins_and_patterns_are_listed(settings: dict[str, str], setting: str) -> None:
    config = config_from({**settings, setting: ", ".join(GOOD)})

    assert config.clerk.authorized_parties == set(GOOD)
    if setting == "CORS_ORIGIN":
        assert config.cors_origins == tuple(GOOD)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("origin", BAD)
def test_anything_else_is_named(settings: dict[str, str], setting: str, origin: str) -> None:
    (problem,) = problems({**settings, setting: f"{GOOD[0]},{origin}"})

    assert problem.startswith(f"{setting}: '{origin}' is not an ")


def test_further_headers_are_listed(settings: dict[str, str]) -> None:
    names = ("traceparent", "sentry-trace", "baggage", "X-B3-TraceId", "x_y", "a.b")

    assert config_from(settings).cors_headers == ()
    given = {**settings, "CORS_ALLOWED_HEADERS": " , ".join(names)}
    assert config_from(given).cors_headers == names


@pytest.mark.parametrize(
    "name",
    [
        *("*", "Cookie", "host", "Origin", "Sec-Fetch-Site", "proxy-authorization", "TE"),
        *("CONTENT-LENGTH", "X-Forwarded-For", "Forwarded", "X-Real-IP", "Set-Cookie"),
    ],
)
def test_a_header_that_no_page_may_send_is_refused(settings: dict[str, str], name: str) -> None:
    (problem,) = problems({**settings, "CORS_ALLOWED_HEADERS": f"baggage,{name}"})

    assert problem == (
        f"CORS_ALLOWED_HEADERS: '{name}' is not a header that a page may send:"
        " browsers or proxies set it"
    )


@pytest.mark.parametrize("name", ["a b", "a:b", "a\tb", "é", "a;b", '"a"', "a\nb", "a/b"])
def test_what_is_not_the_name_of_a_header_is_refused(settings: dict[str, str], name: str) -> None:
    (problem,) = problems({**settings, "CORS_ALLOWED_HEADERS": name})

    assert problem.startswith(f"CORS_ALLOWED_HEADERS: '{name}' is not the name of a header")
