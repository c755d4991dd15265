"""Settings of anomaly detection: which actions follow a finding, and the webhook."""

from __future__ import annotations

import os
from unittest import mock

import pytest

from futuretracker.anomalies.detectors import KINDS
from futuretracker.auth.tokens import TOLERATED
from futuretracker.config import anomalies
from futuretracker.config.anomalies import ActionSettings, FindingsSettings, Rule
from futuretracker.config.environment import ConfigError

URL = {"WATCH_DATABASE_URL": "postgresql://futuretracker_watch@127.0.0.1/postgres"}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = {
    "ANOMALY_WEBHOOK_URL": "https://hooks.example.com/x?token=hunter22",
    "ANOMALY_WEBHOOK_SECRET": SECRET,
}


def read(**settings: str) -> ActionSettings:
    with mock.patch.dict(os.environ, {**URL, **settings}, clear=True):
        return FindingsSettings.from_env("/nonexistent").actions


def problems(**settings: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(**settings)
    return caught.value.problems


def test_nothing_is_done_by_default() -> None:
    settings = read()

    assert settings.rules == ()
    assert settings.session_seconds == 660
    assert all(settings.rules_for(kind) == [] for kind in KINDS)


def test_the_rules_of_a_kind() -> None:
    text = "stolen-token=revoke-session, scraping = lower-limit:dry-run,*=webhook,*=suspend-key"
    settings = read(ANOMALY_ACTIONS=text, **HOOK)

    assert settings.rules_for("scraping") == [
        Rule("*", "webhook", dry_run=False),
        Rule("*", "suspend-key", dry_run=False),
        Rule("scraping", "lower-limit", dry_run=True),
    ]
    assert [rule.action for rule in settings.rules_for("mass-delete")] == ["webhook", "suspend-key"]


def test_the_kinds_are_those_of_the_detectors() -> None:
    assert set(anomalies.KINDS) == set(KINDS)
    for kind in KINDS:
        assert read(ANOMALY_ACTIONS=f"{kind}=lower-limit").rules_for(kind)


def test_a_revocation_lasts_as_long_as_a_token_is_accepted() -> None:
    assert read(CLERK_MAX_TOKEN_LIFETIME="60").session_seconds == 60 + TOLERATED


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "scraping",
            "'scraping' is not a kind and an action, such as scraping=lower-limit:dry-run",
        ),
        (
            "scraping=lower-limit:dryrun",
            (
                "'scraping=lower-limit:dryrun' is not a kind and an action,"
                " such as scraping=lower-limit:dry-run"
            ),
        ),
        ("scrapping=lower-limit", "'scrapping' is not a kind of finding: did you mean scraping?"),
        ("scraping=lower-limits", "'lower-limits' is not an action: did you mean lower-limit?"),
        (
            "scraping=xyz",
            "'xyz' is not an action: use one of revoke-session, suspend-key, lower-limit, webhook",
        ),
        (
            "scraping=lower-limit,scraping=lower-limit:dry-run",
            "has scraping=lower-limit more than once",
        ),
    ],
)
def test_a_wrong_rule(text: str, problem: str) -> None:
    assert problems(ANOMALY_ACTIONS=text) == [f"ANOMALY_ACTIONS: {problem}"]


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com",
        "https://hooks.example.com:8443/a/b?c=d",
        "https://[2001:db8::1]/x",
        "http://127.0.0.1:9000/x",
        "http://[::1]:9000/x",
        "http://localhost/x",
    ],
)
def test_urls_of_a_webhook(url: str) -> None:
    assert read(ANOMALY_WEBHOOK_URL=url, ANOMALY_WEBHOOK_SECRET=SECRET).webhook_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/hunter22",
        "http://127.0.0.1.example.com/hunter22",
        "http://localhost@example.com/hunter22",
        "https://user:hunter22@hooks.example.com/",
        "https://hooks.example.com/hunter22#part",
        "https://hooks.example.com/hunter22 x",
        "https://hooks.example.com:x/hunter22",
        "https:///hunter22",
        "ftp://hooks.example.com/hunter22",
        "file:///etc/hunter22",
        "hunter22",
        "http://[::1",
    ],
)
def test_urls_that_are_refused_are_not_quoted(url: str) -> None:
    assert problems(ANOMALY_WEBHOOK_URL=url, ANOMALY_WEBHOOK_SECRET=SECRET) == [
        "ANOMALY_WEBHOOK_URL: must be an https:// URL without a user (http:// only on this machine)"
    ]


@pytest.mark.parametrize("secret", ["hunter22", "whsec_", "whsec_aHVudGVyMjI=", "whsec_%%%%"])
def test_a_weak_secret_is_refused_and_not_quoted(secret: str) -> None:
    assert problems(**{**HOOK, "ANOMALY_WEBHOOK_SECRET": secret}) == [
        (
            "ANOMALY_WEBHOOK_SECRET: must be a secret of Standard Webhooks: whsec_ and base64 of 16"
            " bytes or more"
        )
    ]


def test_a_webhook_needs_a_url_and_a_secret() -> None:
    missing = "missing; a webhook needs a URL and a secret"
    assert problems(ANOMALY_ACTIONS="*=webhook") == [
        f"ANOMALY_WEBHOOK_URL: {missing}",
        f"ANOMALY_WEBHOOK_SECRET: {missing}",
    ]
    assert problems(ANOMALY_WEBHOOK_SECRET=SECRET) == [f"ANOMALY_WEBHOOK_URL: {missing}"]
    assert read(ANOMALY_ACTIONS="*=webhook:dry-run").rules


def test_no_repr_has_a_secret() -> None:
    assert "hunter22" not in repr(read(**HOOK))
    assert SECRET[6:] not in repr(read(**HOOK))
