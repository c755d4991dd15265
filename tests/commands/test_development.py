"""What ``dev`` adds for developers of clients, and that nothing else has it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from futuretracker.commands.local.application import create_local_app
from futuretracker.commands.local.database import NotUsable
from futuretracker.commands.local.reasons import SENTENCES
from tests.commands import clone, dev, environment, run
from tests.conftest import config_from
from tests.support import servers
from tests.support.browser import chromium
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from futuretracker.commands.local.issuer import Issuer
    from tests.commands import Dev
    from tests.support.servers import Response, Service

V1 = "/api/v1/opportunities"
VITE = "http://localhost:5173"
FOREIGN = ["https://evil.example", "http://localhost.evil.example", "http://localhost:5173.evil.example",
           "null", "http://evil.example:5173", "file://"]  # fmt: skip
PREFLIGHT = {"Access-Control-Request-Method": "POST"}
ALLOW = "Access-Control-Allow-Origin"
ALICE = {"user": "user_alice"}


@pytest.fixture(scope="module")
def running() -> Iterator[Dev]:
    with clone() as folder, dev(folder, port=None) as running:
        yield running


def ask_token(running: Dev | Service, body: object = None, **headers: str) -> Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    ask = running.request if isinstance(running, servers.Service) else running.ask
    return ask("POST", "/dev/token", body=ALICE if body is None else body, headers=sent)


@pytest.mark.parametrize(
    "origin",
    [VITE, "http://localhost", "https://localhost:8443", "http://127.0.0.1:4321", "http://[::1]:80",
     "http://app.localhost:8080"],
)  # fmt: skip
def test_a_page_on_any_port_of_this_machine_gets_a_token_and_uses_it(
    running: Dev, origin: str
) -> None:
    given = ask_token(running, Origin=origin)
    preflight = running.ask("OPTIONS", V1, headers={"Origin": origin, **PREFLIGHT})
    used = running.ask("GET", V1, token=given.json["token"], headers={"Origin": origin})

    assert (given.status, given.headers[ALLOW], given.json["user"]) == (200, origin, "user_alice")
    assert (preflight.status, preflight.headers[ALLOW]) == (204, origin)
    assert (used.status, used.headers[ALLOW]) == (200, origin)


def test_a_token_may_be_made_for_any_port_of_this_machine(running: Dev) -> None:
    key = (running.folder / ".local/issuer.pem").read_bytes()
    claims = jwt.decode(running.bearer(), options={"verify_signature": False})

    def status(azp: str) -> tuple[int, str]:
        token = jwt.encode({**claims, "azp": azp}, key, algorithm="RS256")
        response = running.ask("GET", V1, token=token)
        return response.status, response.json.get("message", "")

    assert status(VITE) == (200, "")
    for azp in FOREIGN:
        assert status(azp) == (
            401,
            f"Invalid token: {SENTENCES['token-invalid-azp']}",
        )


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_page_from_elsewhere_gets_nothing(running: Dev, origin: str) -> None:
    preflight = running.ask("OPTIONS", V1, headers={"Origin": origin, **PREFLIGHT})
    token = ask_token(running, Origin=origin)

    assert ALLOW not in preflight.headers
    assert (token.status, ALLOW in token.headers, "token" in token.json) == (403, False, False)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # DNS rebinding
        {"Host": "localhost.evil.example:3001"},
        {"X_Forwarded_For": "192.0.2.7"},  # a tunnel
        {"X_Forwarded_For": "127.0.0.1, 192.0.2.7"},
    ],
)
def test_a_request_from_elsewhere_gets_no_token(running: Dev, headers: dict[str, str]) -> None:
    assert ask_token(running, **headers).status == 403


def test_a_proxy_on_this_machine_gets_a_token(running: Dev) -> None:
    assert ask_token(running, Host="localhost:5173", X_Forwarded_For="::1").status == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"null", {"user": "alice"}, {"user": 1}, {"user": "user_" + "a" * 999}],
)
def test_a_body_without_a_user_is_400(running: Dev, body: Any) -> None:
    response = ask_token(running, body)

    assert response.status == 400
    assert response.json["message"] == 'The body must be JSON such as {"user": "user_alice"}'


def test_a_page_may_ask_before_it_sends_json_and_only_post_gives_a_token(running: Dev) -> None:
    headers = {"Origin": VITE, **PREFLIGHT}
    preflight = running.ask("OPTIONS", "/dev/token", headers=headers)
    got = running.ask("GET", "/dev/token")

    assert (preflight.status, preflight.headers[ALLOW]) == (204, VITE)
    assert preflight.headers["Access-Control-Allow-Headers"] == "Content-Type"
    assert (got.status, got.headers["Allow"]) == (405, "OPTIONS, POST")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (None, "Missing or invalid Authorization header: there is no Authorization header"),
        ("Basic x", f"Missing or invalid Authorization header: {SENTENCES['token-scheme']}"),
        ("Bearer null", "Invalid token: it is not a JWT; 'make token' prints one"),
    ],
)  # fmt: skip
def test_a_401_names_its_reason(running: Dev, header: str | None, message: str) -> None:
    response = running.ask("GET", V1, headers={"Authorization": header} if header else {})

    assert (response.status, response.json["message"]) == (401, message)
    assert response.headers["Content-Length"] == str(len(response.body))


@pytest.mark.needs("chromium")
def test_the_reference_signs_itself_in(running: Dev, tmp_path: Path) -> None:
    with chromium(tmp_path) as browser:
        browser.open(f"http://127.0.0.1:{running.port}/docs", width=1280)
        token = browser.find("input[placeholder=Token]")
        wait_for(lambda: token.get_attribute("value"), what="the page has a token")
        used = running.ask("GET", "/api/me", token=token.get_attribute("value"))

    assert (used.status, used.json["userId"]) == (200, "user_alice")


def test_seed_fills_a_user_once(running: Dev) -> None:
    first, second = (run(running.folder, "dev", "--seed", "user_carol") for _ in range(2))
    token = ask_token(running, {"user": "user_carol"}).json["token"]
    analytics = running.ask("GET", "/api/v1/analytics", token=token).json

    assert first.stdout == "user_carol has 40 opportunities now.\n"
    assert second.stdout == "user_carol has opportunities already, and gets no others.\n"
    assert analytics["total"] == 40
    assert all(analytics["statusCounts"].values())
    assert all(month["count"] for month in analytics["monthlyBreakdown"])


def test_seed_uses_every_field(running: Dev) -> None:
    run(running.folder, "dev", "--seed", "user_dora")
    token = ask_token(running, {"user": "user_dora"}).json["token"]
    items = running.ask("GET", f"{V1}?limit=100", token=token).json["items"]

    for field in ("company", "location", "pay", "contact", "tags", "time_zone"):
        assert any(one[field] for one in items), field
    assert not any(one["statusConflict"] for one in items)
    [saved] = [one for one in items if one["status"] == "saved"]
    assert saved["deadline"]
    assert saved["applied_on"] is None


@pytest.mark.parametrize("name", ["production", "development", "test"])
def test_no_other_service_has_any_of_it(
    serve: Callable[..., Service], issuer: Issuer, name: str
) -> None:
    service = serve(FUTURETRACKER_ENV=name, LOG_FORMAT="text")
    token = issuer.token("user_alice", ttl=60, azp=VITE)
    refused = service.request("GET", V1, token=token, headers={"Origin": VITE})
    preflight = service.request("OPTIONS", V1, headers={"Origin": VITE, **PREFLIGHT})

    assert ask_token(service).status == 404
    assert "Link" not in service.request("GET", "/docs").headers
    assert (refused.status, refused.json["message"]) == (401, "Invalid token")
    assert ALLOW not in refused.headers
    assert ALLOW not in preflight.headers
    assert all(line.startswith("{") for line in service.output.read_text().splitlines())


def test_the_production_application_does_not_even_load_it(settings: dict[str, str]) -> None:
    # So no setting, present or future, can switch it on.
    code = (
        "import runpy, sys, wsgi; runpy.run_path('gunicorn.conf.py')\n"
        "print([name for name in sys.modules if name.startswith('futuretracker.commands')])"
    )
    with clone() as folder:
        loaded = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=environment(settings),
            check=True,
            capture_output=True,
            text=True,
        )

    assert loaded.stdout == "[]\n"


@pytest.mark.parametrize("name", ["production", "development"])
def test_only_dev_serves_it(settings: dict[str, str], name: str, tmp_path: Path) -> None:
    # In a folder where no ``dev`` runs.
    config = config_from({**settings, "FUTURETRACKER_ENV": name})
    started = subprocess.run(
        [sys.executable, "-m", "futuretracker.commands.local"],
        cwd=tmp_path,
        env=environment({**settings, "FUTURETRACKER_ENV": name}),
        check=False,
        capture_output=True,
        text=True,
    )

    assert started.returncode == 1
    assert started.stderr == "Only 'dev' serves this application; in production, use 'serve'.\n"
    with pytest.raises(NotUsable):
        create_local_app(config)


def test_a_production_setting_in_dev_is_refused() -> None:
    with clone() as folder:
        result = run(folder, "dev", PORT=str(servers.free_port()), FUTURETRACKER_ENV="production")

    assert result.returncode == 1
    assert "Only 'dev' serves this application; in production, use 'serve'.\n" in result.stderr
