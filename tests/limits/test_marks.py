"""Flask-Limiter's decorators work on views as documented, and return this service's 429."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from flask import Blueprint, Response
from flask_limiter import Limiter, RateLimitExceeded

from futuretracker.auth import public
from futuretracker.limits import limiter
from futuretracker.store import SharedStore
from tests.limits.test_limits import GENERAL_429
from tests.support import servers

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from futuretracker.web.application import Application

    Build = Callable[..., Application]


pytestmark = pytest.mark.in_process


@limiter.limit("2 per minute")
@public
def two_a_minute() -> Response:
    return Response("done")


@limiter.exempt
@public
def exempt() -> Response:
    return Response("done")


@public
def unmarked() -> Response:
    return Response("done")


@pytest.fixture
def marked(build: Build) -> FlaskClient:
    """A client of a service with three more views, all outside ``/api``."""
    app = build(RATE_LIMIT_GENERAL="5 per 15 minutes")
    for view in (two_a_minute, exempt, unmarked):
        app.get(f"/{view.__name__}")(view)
    return app.test_client()


def test_a_view_with_a_limit_of_its_own_returns_the_429_of_the_service(marked: FlaskClient) -> None:
    assert [marked.get("/two_a_minute").status_code for _ in range(3)] == [200, 200, 429]
    refused = marked.get("/two_a_minute")
    body = refused.json

    assert refused.headers["Retry-After"] == str(body.pop("retryAfterSeconds"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body.pop("retryAfter"))
    assert body == {**GENERAL_429, "limit": 2, "window": "1 minute"}
    assert refused.headers["RateLimit-Policy"] == '"two_a_minute";q=2;w=60'
    assert refused.headers["X-RateLimit-Remaining"] == "0"


def test_a_limit_of_a_view_is_described_where_it_is_the_tightest(marked: FlaskClient) -> None:
    first = marked.get("/two_a_minute")
    marked.get("/unmarked")
    marked.get("/unmarked")
    fourth = marked.get("/two_a_minute")

    assert first.headers["RateLimit-Policy"] == '"two_a_minute";q=2;w=60'
    assert first.headers["X-RateLimit-Remaining"] == "1"
    assert fourth.headers["X-RateLimit-Remaining"] == "0"


def test_a_limit_of_a_view_counts_on_top_of_the_limits_of_the_service(marked: FlaskClient) -> None:
    for _ in range(5):
        marked.get("/unmarked")

    assert marked.get("/two_a_minute").json["limit"] == 5


def test_an_exempt_view_is_neither_limited_nor_counted(marked: FlaskClient) -> None:
    responses = [marked.get("/exempt") for _ in range(10)]

    assert {response.status_code for response in responses} == {200}
    assert not any("RateLimit" in response.headers for response in responses)
    assert marked.get("/unmarked").headers["X-RateLimit-Remaining"] == "4"


def test_a_view_without_a_mark_is_limited_wherever_its_path_is(marked: FlaskClient) -> None:
    assert [marked.get("/unmarked").status_code for _ in range(6)] == [200] * 5 + [429]


def test_a_limit_of_a_blueprint_counts(build: Build) -> None:
    app, blueprint = build(), Blueprint("room", __name__)
    limiter.limit("1 per minute")(blueprint)
    blueprint.get("/in_a_room")(unmarked)
    app.register_blueprint(blueprint)
    client = app.test_client()

    assert [client.get("/in_a_room").status_code for _ in range(2)] == [200, 429]


def test_a_limit_of_a_view_is_counted_in_memory_while_the_store_is_down(build: Build) -> None:
    app = build(REDIS_URL=f"redis://127.0.0.1:{servers.free_port()}")
    app.get("/two_a_minute")(two_a_minute)
    client = app.test_client()

    assert [client.get("/two_a_minute").status_code for _ in range(3)] == [200, 200, 429]


def test_an_exceeded_limit_raises_flask_limiters_exception(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build(RATE_LIMIT_GENERAL="1 per 15 minutes")
    raised: list[Exception] = []
    admit = app.admission.admit

    def noted() -> None:
        try:
            admit()
        except Exception as error:
            raised.append(error)
            raise

    app.before_request_funcs[None] = [noted]
    client = app.test_client()
    client.get("/api/health")
    assert client.get("/api/health").status_code == 429
    assert [type(error) for error in raised] == [RateLimitExceeded]


def test_a_request_visits_the_store_once(
    build: Build, make_user: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user(client=build().test_client())
    user.create()
    visits: list[int] = []
    visit = SharedStore.visit

    def counted(store: SharedStore, hits: Any, keys: Any = ()) -> Any:
        visits.append(len(hits))
        return visit(store, hits, keys)

    monkeypatch.setattr(SharedStore, "visit", counted)
    user.get("/api/opportunities")
    user.create()
    user.client.get("/api/nothing")
    user.client.get("/healthz")

    assert visits == [2, 4, 1]


def test_the_store_holds_the_counters_under_flask_limiters_keys(marked: FlaskClient) -> None:
    app = marked.application
    marked.get("/unmarked")
    with app.test_request_context("/unmarked"):
        (general, *_) = limiter.limit_manager.application_limits
        window = limiter.limiter.get_window_stats(general.limit, "127.0.0.1", "general")
        assert window.remaining == 4
        limiter.limiter.clear(general.limit, "127.0.0.1", "general")

    assert marked.get("/unmarked").headers["X-RateLimit-Remaining"] == "4"


def test_the_command_line_prints_the_four_limits(settings: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "limiter", "limits"],
        cwd=servers.ROOT,
        env={
            "PATH": os.environ["PATH"],
            **settings,
            "RATE_LIMIT_GENERAL": "2001 per 15 minutes",
            "RATE_LIMIT_USER_GENERAL": "2002 per 15 minutes",
            "RATE_LIMIT_WRITE": "1501 per 15 minutes",
            "RATE_LIMIT_USER_WRITE": "1502 per 15 minutes",
        },
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )

    for amount in (2001, 2002, 1501, 1502):
        assert f"{amount} per 15 minute" in done.stdout
    assert re.search(r"probes.get_liveness: /healthz\s+│\s+└── Exempt", done.stdout)


def test_flask_limiter_has_not_changed_what_the_service_overrides() -> None:
    """An upgrade that fails here needs a look at ``futuretracker.limits.limiter``."""
    source = inspect.getsource(Limiter)

    assert str(inspect.signature(Limiter._check_request_limit)) == (  # noqa: SLF001 - see above
        "(self, callable_name: 'str | None' = None, in_middleware: 'bool' = True) -> 'None'"
    )
    assert "app.before_request(self._check_request_limit)" in source
    assert isinstance(Limiter.context, property)
    # Flask-Limiter skips the limits that the service has put into ``seen_limits``.
    assert "- self.context.seen_limits" in source
