"""The check of the public URL: a correct reverse proxy, and each mistake alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.finding import Verdict
from tests.conftest import ORIGIN, WEBHOOK_SECRET
from tests.deploy.checks.conftest import APPENDS, HOST, OVERWRITES
from tests.support.authority import certify
from tests.support.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from futuretracker.commands.local.issuer import Issuer
    from tests.deploy.checks.conftest import Edge

    Front = Callable[..., Edge]

PASSES_ON = ""
NO_LIMITS = "proxy_hide_header RateLimit; proxy_hide_header RateLimit-Policy;"
CORS = "Access-Control-Allow-Origin"
HSTS = "Strict-Transport-Security"


def test_a_correct_reverse_proxy_passes(edge: Front, issuer: Issuer) -> None:
    front = edge(CLERK_WEBHOOK_SECRET=WEBHOOK_SECRET)
    token = issuer.token("user_checked1", ttl=60, azp=ORIGIN)
    items = ["https", "https-redirect", "hsts", "service-healthy", "metrics-private", "proxy-hops"]
    items += [
        "cors-headers",
        "webhook-refused",
        "webhook-accepted",
        "token-refused",
        "token-accepted",
        "gunicorn-private",
        "clock",
        "limits-counted",
    ]
    found = {item: front.find(item, CHECK_TOKEN=token) for item in items}

    assert {item: finding.verdict for item, finding in found.items()} == dict.fromkeys(
        items, Verdict.OK
    )
    assert found["https"].found.endswith("is trusted and has 59 days left.")
    assert found["proxy-hops"].found == (
        "Each client is counted by its own address, whatever it sends."
    )


@pytest.mark.parametrize(
    ("certificate", "verdict", "found"),
    [
        ((HOST, -0.5), Verdict.ERROR, "certificate has expired"),
        (("127.0.0.9", 60), Verdict.ERROR, "IP address mismatch"),
        ((HOST, 10.5), Verdict.WARNING, "has 10 days left"),
    ],
    ids=["ended", "of another host", "ends"],
)
def test_an_expired_or_expiring_or_foreign_certificate_is_found(
    edge: Front, tmp_path: Path, certificate: tuple[str, float], verdict: Verdict, found: str
) -> None:
    name, days = certificate
    # The file replaces the trusted certificate, so its authority is trusted.
    finding = edge(files=certify(name, tmp_path, days=days)).find("https")

    assert finding.verdict == verdict
    assert found in finding.found


def test_an_untrusted_certificate_is_an_error_and_the_rest_is_undecided(
    edge: Front, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    front = edge(files=certify(HOST, tmp_path / "other", days=60))

    assert front.find("https").verdict == Verdict.ERROR
    assert front.find("hsts").verdict == Verdict.UNKNOWN
    assert front.find("metrics-private").verdict == Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("plain", "verdict", "found"),
    [
        ("return 200 ok;", Verdict.ERROR, "returns 200 and no redirect"),
        ("return 302 https://PLACE$request_uri;", Verdict.ERROR, "returns 302"),
        ("return 301 https://elsewhere.example.com$request_uri;", Verdict.ERROR, "elsewhere"),
        ("return 301 https://PLACE/;", Verdict.ERROR, "returns 301"),
    ],
)
def test_http_without_a_redirect_to_https_on_the_same_host_is_an_error(
    edge: Front, plain: str, verdict: Verdict, found: str
) -> None:
    finding = edge(plain=plain).find("https-redirect")

    assert finding.verdict == verdict
    assert found in finding.found


def test_a_closed_http_port_is_a_warning(edge: Front) -> None:
    front = edge()
    front.http_port = free_port()

    assert front.find("https-redirect").verdict == Verdict.WARNING


@pytest.mark.parametrize(
    ("further", "verdict"),
    [
        (f"proxy_hide_header {HSTS};", Verdict.ERROR),
        (f'add_header {HSTS} "max-age=31536000";', Verdict.WARNING),
        (
            f'proxy_hide_header {HSTS}; add_header {HSTS} "max-age=300";',
            Verdict.WARNING,
        ),
    ],
    ids=["none", "twice", "short"],
)
def test_a_missing_or_doubled_or_short_hsts_header_is_found(
    edge: Front, further: str, verdict: Verdict
) -> None:
    assert edge(further=further).find("hsts").verdict == verdict


@pytest.mark.parametrize(
    ("forwarded", "trusted", "verdict", "found"),
    [
        (APPENDS, "1", Verdict.OK, "by its own address"),
        (APPENDS, "2", Verdict.ERROR, "can choose its address with X-Forwarded-For"),
        (APPENDS, "3", Verdict.ERROR, "can choose its address with X-Forwarded-For"),
        (PASSES_ON, "1", Verdict.ERROR, "can choose its address with X-Forwarded-For"),
        (OVERWRITES, "2", Verdict.ERROR, "All clients are counted as one address"),
        (OVERWRITES, "0", Verdict.ERROR, "TRUSTED_PROXIES is 0"),
    ],
    ids=["appends", "appends-2", "appends-3", "passes-on", "too-many", "none"],
)
def test_a_wrong_number_of_trusted_proxies_is_an_error(
    edge: Front, forwarded: str, trusted: str, verdict: Verdict, found: str
) -> None:
    finding = edge(forwarded=forwarded, TRUSTED_PROXIES=trusted).find("proxy-hops")

    assert finding.verdict == verdict
    assert found in finding.found


def test_responses_without_rate_limit_headers_leave_the_proxies_undecided(edge: Front) -> None:
    assert edge(further=NO_LIMITS).find("proxy-hops").verdict == Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("metrics", "verdict"),
    [
        ("location = /metrics { return 200 'futuretracker_requests_total 1'; }", Verdict.ERROR),
        ("location = /metrics { return 403; }", Verdict.OK),
        ("location = /metrics { return 302 /elsewhere; }", Verdict.UNKNOWN),
    ],
)
def test_public_metrics_are_an_error(edge: Front, metrics: str, verdict: Verdict) -> None:
    assert edge(metrics=metrics).find("metrics-private").verdict == verdict


@pytest.mark.parametrize(
    ("further", "found"),
    [
        (f'add_header {CORS} "*";', "http://localhost:3000 and *"),
        (f'proxy_hide_header {CORS}; add_header {CORS} "*";', " is *."),
        (f"proxy_hide_header {CORS};", "is missing"),
        ("proxy_set_header Origin '';", "is missing"),
    ],
    ids=["twice", "everybody", "nobody", "unasked"],
)
def test_a_proxy_that_changes_cors_headers_is_an_error(
    edge: Front, further: str, found: str
) -> None:
    finding = edge(further=further).find("cors-headers")

    assert finding.verdict == Verdict.ERROR
    assert found in finding.found


def test_a_pattern_is_checked_with_an_origin_that_it_allows(edge: Front) -> None:
    listed = "https://app.example.com,moz-extension://*"
    front = edge(CORS_ORIGIN=listed, CLERK_AUTHORIZED_PARTIES="moz-extension://*")
    finding = front.find("cors-headers")

    assert finding.verdict is Verdict.OK, finding.found
    assert front.find("token-refused").verdict is Verdict.OK


def test_a_proxy_that_hides_a_pattern_is_an_error(edge: Front) -> None:
    front = edge(further=f"proxy_hide_header {CORS};", CORS_ORIGIN="moz-extension://*")

    assert "is missing" in front.find("cors-headers").found


def test_a_proxy_that_allows_every_origin_is_an_error(edge: Front) -> None:
    reflects = f"proxy_hide_header {CORS}; add_header {CORS} $http_origin;"
    finding = edge(further=reflects).find("cors-headers")

    assert finding.verdict is Verdict.ERROR
    assert finding.found == "Pages of any origin may call the API."


@pytest.mark.parametrize(
    ("metrics", "status"),
    [
        ("location /webhooks/ { return 404; }", "404"),
        ("location /webhooks/ { return 200 '{}'; }", "200"),
    ],
)
def test_a_proxy_that_does_not_forward_webhooks_is_an_error(
    edge: Front, metrics: str, status: str
) -> None:
    front = edge(metrics=metrics, CLERK_WEBHOOK_SECRET=WEBHOOK_SECRET)
    finding = front.find("webhook-refused")

    assert finding.verdict == Verdict.ERROR
    assert f"has not signed is {status}, not 400" in finding.found


OTHER_SECRET = "whsec_T3RoZXJTZWNyZXRPdGhlclNlY3JldE90aGVyU2Vj"


@pytest.mark.parametrize(
    ("here", "which"),
    [(OTHER_SECRET, ""), (f"{WEBHOOK_SECRET},{OTHER_SECRET}", "secret 2 of ")],
    ids=["another", "one more"],
)
def test_a_webhook_secret_that_the_service_does_not_have_is_an_error(
    edge: Front, here: str, which: str
) -> None:
    finding = edge(CLERK_WEBHOOK_SECRET=WEBHOOK_SECRET).find(
        "webhook-accepted", CLERK_WEBHOOK_SECRET=here
    )

    assert (finding.verdict, finding.found) == (
        Verdict.ERROR,
        f"The service refuses a webhook that is signed with {which}CLERK_WEBHOOK_SECRET.",
    )
    assert OTHER_SECRET not in finding.remedy


def test_while_the_secret_is_replaced_both_are_accepted(edge: Front) -> None:
    front = edge(CLERK_WEBHOOK_SECRET=f"{OTHER_SECRET},{WEBHOOK_SECRET}")

    assert front.find("webhook-accepted").verdict == Verdict.OK


def test_an_invalid_token_is_an_error(edge: Front) -> None:
    finding = edge().find("token-accepted", CHECK_TOKEN="a.b.c")

    assert finding.verdict == Verdict.ERROR
    assert "401" in finding.found


def test_a_proxy_that_accepts_a_forged_token_is_an_error(edge: Front) -> None:
    """A cache does that if it returns the response to another user's token."""
    cached = "location = /api/v1/me { return 200 '{}'; }"
    finding = edge(metrics=cached).find("token-refused")

    assert finding.verdict == Verdict.ERROR


def test_a_proxy_without_a_service_is_an_error(edge: Front) -> None:
    finding = edge(metrics="location = /api/v1/health/deps { return 502; }").find("service-healthy")

    assert finding.verdict == Verdict.ERROR
    assert "returns 502" in finding.found


def test_a_service_in_development_mode_is_an_error(edge: Front) -> None:
    finding = edge(FUTURETRACKER_ENV="test").find("service-healthy")

    assert (finding.verdict, finding.found) == (
        Verdict.ERROR,
        "The service does not run in production mode.",
    )
