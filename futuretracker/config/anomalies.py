"""Settings of what happens after a finding: which actions, and the webhook."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from urllib.parse import urlsplit

from marshmallow import ValidationError

from futuretracker.config.clerk import MAX_LIFETIME, is_webhook_secret
from futuretracker.config.database import read_server
from futuretracker.config.environment import environment
from futuretracker.config.spelling import nearest
from futuretracker.config.urls import split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from futuretracker.config.environment import Environment

ACTIONS: Final = ("revoke-session", "suspend-key", "lower-limit", "webhook")
EVERY: Final = "*"
DRIFT: Final = 60  # seconds that a token may be accepted after it expires
NOT_SIGNED: Final = "must be a secret of Standard Webhooks: whsec_ and base64 of 16 bytes or more"
NOT_URL: Final = "must be an https:// URL without a user (http:// only on this machine)"
# A test compares these with the detectors.
KINDS: Final = (
    *("stolen-token", "mass-delete", "id-enumeration", "scraping", "credential-stuffing"),
    *("night-export", "leaked-key", "new-client", "slow-enumeration", "webhook-burst"),
    *("woken-account", "impossible-switching"),
)
SIMILAR: Final = 0.6  # by difflib
_RULE = re.compile(r"([a-z-]+|\*) ?= ?([a-z-]+)(:dry-run)?").fullmatch


class Rule(NamedTuple):
    """An action after each finding of a kind; ``*`` is every kind."""

    kind: str
    action: str
    dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSettings:
    """What to do after a finding. Without rules, nothing.

    ``webhook_url`` is empty if there is no webhook. ``session_seconds`` is how long a session is
    revoked: longer than any token of it that was issued before.
    """

    rules: tuple[Rule, ...]
    webhook_url: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    session_seconds: int

    def rules_for(self, kind: str) -> list[Rule]:
        """Return the rules for a kind, each action once: a rule of its own precedes ``*``."""
        found = {rule.action: rule for rule in self.rules if rule.kind == EVERY}
        found |= {rule.action: rule for rule in self.rules if rule.kind == kind}
        return list(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsSettings:
    """What the command ``findings`` needs: the database of ``watch``, and the webhook."""

    url: str = field(repr=False)
    actions: ActionSettings

    @classmethod
    def from_env(cls, dotenv: str = ".env") -> Self:
        """Read the environment, then ``dotenv``; raise ConfigError with every problem at once."""
        with environment(dotenv) as env:
            return cls(url=read_server(env, "WATCH_DATABASE_URL").url, actions=read_actions(env))


def read_actions(env: Environment) -> ActionSettings:
    """Read ANOMALY_ACTIONS and the webhook."""
    rules = _rules(env.text("ANOMALY_ACTIONS", lambda text: _check_rules(split(text))))
    settings = ActionSettings(
        rules=rules,
        webhook_url=env.text("ANOMALY_WEBHOOK_URL", _check_url),
        webhook_secret=env.text("ANOMALY_WEBHOOK_SECRET", _check_secret),
        session_seconds=env.number("CLERK_MAX_TOKEN_LIFETIME", 1, MAX_LIFETIME) + DRIFT,
    )
    needed = any(rule.action == "webhook" and not rule.dry_run for rule in rules)
    for name in ("ANOMALY_WEBHOOK_URL", "ANOMALY_WEBHOOK_SECRET"):
        if not env.is_set(name) and (needed or settings.webhook_url or settings.webhook_secret):
            env.problem(name, "missing; a webhook needs a URL and a secret")
    return settings


def _rules(text: str) -> tuple[Rule, ...]:
    matches = [match for part in split(text) if (match := _RULE(part))]
    return tuple(Rule(match[1], match[2], bool(match[3])) for match in matches)


def _check_rules(parts: Sequence[str]) -> None:
    for part in parts:
        match = _RULE(part)
        if match is None:
            message = f"'{part}' is not a kind and an action, such as scraping=lower-limit:dry-run"
            raise ValidationError(message)
        _check_name("an action", match[2], ACTIONS)
        _check_name("a kind of finding", match[1], (*KINDS, EVERY))
    for (kind, action), times in Counter(rule[:2] for rule in _rules(",".join(parts))).items():
        if times > 1:
            raise ValidationError(f"has {kind}={action} more than once")


def _check_name(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        right = nearest(name, known, SIMILAR)
        hint = f"did you mean {right}?" if right else f"use one of {', '.join(known)}"
        raise ValidationError(f"'{name}' is not {what}: {hint}")


def _check_url(text: str) -> None:
    """Refuse a URL that would send findings unencrypted, or that has a user or a fragment."""
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises ValueError if it is no number
    except ValueError:
        raise ValidationError(NOT_URL) from None
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname))
    if text and not (
        is_safe and parts.hostname and "@" not in parts.netloc and not parts.fragment
        and re.fullmatch("[!-~]+", text)
    ):  # fmt: skip
        raise ValidationError(NOT_URL)


def _is_here(host: str | None) -> bool:
    """Return whether a host is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _check_secret(text: str) -> None:
    if text and not is_webhook_secret(text):
        raise ValidationError(NOT_SIGNED)
