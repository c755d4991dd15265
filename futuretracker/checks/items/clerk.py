"""Sign-in: Clerk's keys, a forged and a real token, a forged and a signed webhook."""

from __future__ import annotations

import json
import secrets
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from standardwebhooks import Webhook

from futuretracker.auth.download import DownloadFailed
from futuretracker.auth.keys import Jwks
from futuretracker.checks.finding import Undecided, error, ok
from futuretracker.checks.probes.exchange import ask_public
from futuretracker.config.cors import example_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

ME = "/api/v1/me"
WEBHOOK = "/webhooks/clerk"
LIFETIME = 60  # seconds, the same as Clerk's


def keys(subject: Subject) -> Finding:
    """Download the keys as the service does, unless a PEM is set."""
    if not subject.config.clerk.jwks_url:
        return ok("The key is in the settings (CLERK_JWT_PUBLIC_KEY); none is fetched.")
    fix = "Check that this host can reach Clerk, and check CLERK_PUBLISHABLE_KEY."
    try:
        found = _fetch(subject)
    except DownloadFailed as problem:
        return error(f"The keys cannot be fetched from Clerk: {problem}.", fix)
    except (ValueError, RecursionError) as problem:
        return error(f"The response of Clerk's URL holds no keys: {type(problem).__name__}.", fix)
    return ok(f"Clerk returns {len(found)} signing key{'s' if len(found) > 1 else ''}.")


def refused(subject: Subject) -> Finding:
    """Send a token in which everything but the signature is right."""
    status = _me(subject, _forge(subject))
    if status == HTTPStatus.UNAUTHORIZED:
        return ok("A forged token is refused with 401.")
    if status == HTTPStatus.OK:
        return error(
            "A token with a forged signature is accepted.",
            "Take the service off the network, and check CLERK_JWT_PUBLIC_KEY and the proxy.",
        )
    raise Undecided(
        f"The response to a forged token is {status}.", "It should be 401; see the log."
    )


def accepted(subject: Subject) -> Finding:
    """Send the token in CHECK_TOKEN."""
    fix = "Set CHECK_TOKEN (or CHECK_TOKEN_FILE) to a session token; it lives for 60 seconds."
    if not subject.settings.token:
        raise Undecided("CHECK_TOKEN is not set.", fix)
    status = _me(subject, subject.settings.token)
    if status == HTTPStatus.OK:
        return ok("A real token is accepted: GET /api/v1/me returns 200.")
    if status == HTTPStatus.UNAUTHORIZED:
        return error(
            "The token in CHECK_TOKEN is refused with 401.",
            "The AUTH line in the service's log has the reason; get a new token if it has expired.",
        )
    return error(f"GET /api/v1/me returns {status} for the token.", "See the service's log.")


def webhook(subject: Subject) -> Finding:
    """Send a webhook that Clerk has not signed."""
    if not subject.config.clerk.webhook_secrets:
        return ok(
            "CLERK_WEBHOOK_SECRET is not set: a token stays valid after its session has ended."
        )
    sent = {"Content-Type": "application/json"}
    status = ask_public(subject, WEBHOOK, method="POST", headers=sent, body=b"{}").status
    if status == HTTPStatus.BAD_REQUEST:
        return ok("A webhook that Clerk has not signed is refused with 400.")
    return error(
        f"The response to a webhook that Clerk has not signed is {status}, not 400.",
        f"Let the proxy pass {WEBHOOK} to the service, and set CLERK_WEBHOOK_SECRET.",
    )


def signed_webhook(subject: Subject) -> Finding:
    """Send a webhook that is signed with each secret, of a type that the service ignores."""
    found = subject.config.clerk.webhook_secrets
    for number, secret in enumerate(found, 1):
        status = ask_public(subject, WEBHOOK, method="POST", **_sign(secret)).status
        if status == HTTPStatus.BAD_REQUEST:
            which = f"secret {number} of " if len(found) > 1 else ""
            return error(
                f"The service refuses a webhook that is signed with {which}CLERK_WEBHOOK_SECRET.",
                "Set the secret of Clerk's endpoint on every host, then restart the service. The"
                " WEBHOOK line in its log has the reason; if it is webhook-stale, see clock.",
            )
        if status != HTTPStatus.OK:
            raise Undecided(
                f"The response to a signed webhook is {status}.", "It should be 200; see the log."
            )
    if not found:
        return ok("CLERK_WEBHOOK_SECRET is not set; no webhook is accepted.")
    return ok("A webhook that is signed with CLERK_WEBHOOK_SECRET is accepted.")


def _sign(secret: str) -> dict[str, Any]:
    """Return the headers and the body of an event that changes nothing."""
    body, now = json.dumps({"type": "futuretracker.check", "data": {}}), datetime.now(UTC)
    event_id = f"msg_check{secrets.token_hex(8)}"
    headers = {
        "Content-Type": "application/json",
        "svix-id": event_id,
        "svix-timestamp": str(int(now.timestamp())),
        "svix-signature": Webhook(secret).sign(event_id, now, body),
    }
    return {"headers": headers, "body": body.encode()}


def _me(subject: Subject, token: str) -> int:
    if not token.isascii() or not token.isprintable():
        raise Undecided("CHECK_TOKEN is not a token.", "A token is one line of ASCII.")
    return ask_public(subject, ME, headers={"Authorization": f"Bearer {token}"}).status


def _forge(subject: Subject) -> str:
    clerk = subject.config.clerk
    now = int(time.time())
    claims = {
        "iss": clerk.issuer,
        "sub": f"user_check{secrets.token_hex(8)}",
        "sid": f"sess_check{secrets.token_hex(8)}",
        "azp": example_of(min(clerk.authorized_parties, default="")),
        "iat": now,
        "nbf": now,
        "exp": now + min(LIFETIME, clerk.max_lifetime),
    }
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    return jwt.encode(claims, key, algorithm="RS256", headers=_kid(subject))


def _kid(subject: Subject) -> dict[str, str]:
    """Name an existing key: a token with an unknown key id is refused before its signature."""
    if not subject.config.clerk.jwks_url:
        return {}
    try:
        return {"kid": next(iter(_fetch(subject)))}
    except (DownloadFailed, ValueError, RecursionError):
        return {"kid": "ins_check"}


def _fetch(subject: Subject) -> Mapping[str, rsa.RSAPublicKey]:
    clerk = subject.config.clerk
    return Jwks(clerk.jwks_url or "", clerk.secret_key).fetch()
