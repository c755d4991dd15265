"""The settings: each flaw is found, and no secret is printed for it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.finding import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from futuretracker.checks.finding import Finding

FRONTEND = "https://app.example.com"


def test_settings_that_the_service_takes_are_complete(find: Callable[..., Finding]) -> None:
    assert find("environment-complete").verdict == Verdict.OK


def test_every_setting_that_is_missing_or_malformed_is_named_at_once(
    find: Callable[..., Finding],
) -> None:
    finding = find(
        "environment-complete", DATABASE_URL=None, PORT="no", PUBLIC_URL="http://api.example.com"
    )

    assert finding.verdict == Verdict.ERROR
    for name in ("DATABASE_URL", "PORT", "PUBLIC_URL"):
        assert f"{name}: " in finding.found


@pytest.mark.parametrize(
    "url",
    [
        "api.example.com",
        "https://api.example.com/api",
        "https://a b",
        "https://u:p@api.example.com",
    ],
)
def test_a_public_url_is_a_scheme_and_a_host(find: Callable[..., Finding], url: str) -> None:
    assert find("environment-complete", PUBLIC_URL=url).verdict == Verdict.ERROR


def test_a_slash_at_the_end_of_the_public_url_makes_no_difference(
    find: Callable[..., Finding],
) -> None:
    assert find("environment-complete", PUBLIC_URL="https://[::1]:8443/").verdict == Verdict.OK


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://futuretracker_api:password@db.your-project.supabase.co/a"),
        ("CLERK_SECRET_KEY", "your_clerk_secret_key_here"),
        ("CORS_ORIGIN", "https://your-frontend-domain.com"),
    ],
)
def test_a_value_that_is_still_the_example_s_is_an_error(
    find: Callable[..., Finding], name: str, value: str
) -> None:
    finding = find("environment-complete", **{name: value}, SOMEBODY_ELSES="your-project")

    assert (finding.verdict, finding.found) == (Verdict.ERROR, f"Still as in .env.example: {name}.")


def test_what_needs_the_settings_is_unknown_while_they_are_not_usable(
    find: Callable[..., Finding],
) -> None:
    finding = find("cors-origin", DATABASE_URL=None)

    assert (finding.verdict, finding.found) == (Verdict.UNKNOWN, "The settings are not usable.")


@pytest.mark.parametrize(
    "origins", [FRONTEND, f"{FRONTEND},chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj"]
)
def test_real_frontends_may_call(find: Callable[..., Finding], origins: str) -> None:
    finding = find("cors-origin", CORS_ORIGIN=origins)

    assert finding.verdict == Verdict.OK


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "https://localhost",
        "https://localhost:3000",
        "https://127.0.0.1:5173",
        "http://app.example.com",
        "https://your-frontend-domain.com",
    ],
)
def test_an_origin_that_is_no_frontend_is_an_error_in_production(
    find: Callable[..., Finding], origin: str
) -> None:
    finding = find("cors-origin", CORS_ORIGIN=f"{FRONTEND},{origin}")

    assert (finding.verdict, finding.found) == (Verdict.ERROR, f"CORS_ORIGIN holds {origin}.")


def test_a_pattern_is_named_as_what_it_is(find: Callable[..., Finding]) -> None:
    finding = find(
        "cors-origin", CORS_ORIGIN=f"{FRONTEND},moz-extension://*,safari-web-extension://*"
    )

    assert finding.verdict == Verdict.OK
    assert finding.found == (
        f"Browsers may call from {FRONTEND}, every Firefox extension (moz-extension://*),"
        " every Safari extension (safari-web-extension://*)."
    )


def test_in_development_it_says_what_dev_adds(find: Callable[..., Finding]) -> None:
    finding = find("cors-origin", CORS_ORIGIN=None, FUTURETRACKER_ENV="development")

    assert finding.verdict == Verdict.OK
    assert finding.found == (
        "This is development: http://localhost:3000."
        " 'dev' also allows every origin on this machine."
    )


def test_an_origin_that_was_never_set_is_an_error_in_production(
    find: Callable[..., Finding],
) -> None:
    assert find("cors-origin", CORS_ORIGIN=None).verdict == Verdict.ERROR
    assert find("cors-origin", CORS_ORIGIN=None, FUTURETRACKER_ENV="test").verdict == Verdict.OK


def test_a_wildcard_is_no_setting_at_all(find: Callable[..., Finding]) -> None:
    assert find("environment-complete", CORS_ORIGIN="*").verdict == Verdict.ERROR
    assert find("cors-origin", CORS_ORIGIN="*").verdict == Verdict.UNKNOWN


def test_production_is_ok(find: Callable[..., Finding]) -> None:
    assert find("environment-production", FLASK_DEBUG="0").verdict == Verdict.OK


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FUTURETRACKER_ENV", "development"),
        ("FUTURETRACKER_ENV", "test"),
        ("FLASK_DEBUG", "1"),
        ("PYTHONDEVMODE", "1"),
        ("GUNICORN_CMD_ARGS", "--reload --workers 2"),
    ],
)
def test_what_runs_as_for_development_is_an_error(
    find: Callable[..., Finding], name: str, value: str
) -> None:
    finding = find("environment-production", **{name: value})

    assert finding.verdict == Verdict.ERROR
    assert name in finding.found


def test_long_secrets_are_ok(find: Callable[..., Finding]) -> None:
    finding = find(
        "secrets-strong",
        DATABASE_URL=f"postgresql://futuretracker_api:{'p' * 16}@db.example.com/postgres",
        REDIS_URL=f"rediss://:{'r' * 16}@redis.example.com:6379/0",
        METRICS_TOKEN="m" * 32,
    )

    assert finding.verdict == Verdict.OK


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("DATABASE_URL", "postgresql://a:hunter2@db.example.com/postgres", "hunter2"),
        ("REDIS_URL", "rediss://:hunter2@redis.example.com:6379/0", "hunter2"),
        ("REDIS_URL", "redis://redis.example.com:6379/0", "hunter2"),
    ],
)
def test_a_short_secret_is_a_warning_that_does_not_quote_it(
    find: Callable[..., Finding], name: str, value: str, secret: str
) -> None:
    finding = find("secrets-strong", **{name: value})

    assert finding.verdict == Verdict.WARNING
    assert name in finding.found
    assert secret not in finding.found + finding.remedy


def test_keys_of_a_test_instance_are_a_warning(
    find: Callable[..., Finding], tmp_path: Path
) -> None:
    key = f"pk_test_{base64.b64encode(b'clerk.example.com$').decode()}"
    (tmp_path / "key").write_text(f"{key}\n")
    for given in ({"CLERK_PUBLISHABLE_KEY": key}, {"CLERK_PUBLISHABLE_KEY_FILE": tmp_path / "key"}):
        finding = find("secrets-strong", **{name: str(value) for name, value in given.items()})

        assert finding.verdict == Verdict.WARNING
        assert "CLERK_PUBLISHABLE_KEY is a key of a test instance" in finding.found
