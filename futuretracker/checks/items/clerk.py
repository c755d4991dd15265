"""Sign-in: the keys are there, a forged token is refused, a real one is let in."""

from __future__ import annotations

import secrets
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from futuretracker.auth.download import DownloadFailed
from futuretracker.auth.keys import Jwks
from futuretracker.checks.finding import Undecided, error, ok
from futuretracker.checks.probes.exchange import ask_public

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.checks.finding import Finding
    from futuretracker.checks.subject import Subject

ME = "/api/v1/me"
WEBHOOK = "/webhooks/clerk"
LIFETIME = 60  # seconds, as Clerk's


def keys(subject: Subject) -> Finding:
    """Fetch the keys as the service does, unless a PEM was given."""
    if not subject.config.clerk.jwks_url:
        return ok("The key is in the settings (CLERK_JWT_PUBLIC_KEY); none is fetched.")
    mend = "Look whether this host may reach Clerk, and at CLERK_PUBLISHABLE_KEY."
    try:
        found = _fetch(subject)
    except DownloadFailed as problem:
        return error(f"The keys cannot be fetched from Clerk: {problem}.", mend)
    except (ValueError, RecursionError) as problem:
        return error(f"What Clerk's URL answers holds no keys: {type(problem).__name__}.", mend)
    return ok(f"Clerk answers with {len(found)} signing key{'s' if len(found) > 1 else ''}.")


def refused(subject: Subject) -> Finding:
    """Send a token that is right in everything but its signature."""
    status = _me(subject, _forge(subject))
    if status == HTTPStatus.UNAUTHORIZED:
        return ok("A forged token is refused with 401.")
    if status == HTTPStatus.OK:
        return error(
            "A token that somebody else has signed is let in.",
            "Take the service off the network, and look at CLERK_JWT_PUBLIC_KEY and the proxy.",
        )
    raise Undecided(f"A forged token is answered with {status}.", "It should be 401; see the log.")


def accepted(subject: Subject) -> Finding:
    """Send the operator's token."""
    mend = "Put a session's token, which lives 60 s, into CHECK_TOKEN (or CHECK_TOKEN_FILE)."
    if not subject.settings.token:
        raise Undecided("There is no token to try.", mend)
    status = _me(subject, subject.settings.token)
    if status == HTTPStatus.OK:
        return ok("A real token is let in: GET /api/v1/me answers 200.")
    if status == HTTPStatus.UNAUTHORIZED:
        return error(
            "The token in CHECK_TOKEN is refused with 401.",
            "The AUTH line in the service's log has the reason; a fresh token may be needed.",
        )
    return error(f"GET /api/v1/me answers {status} to the token.", "See the service's log.")


def webhook(subject: Subject) -> Finding:
    """Send a webhook that Clerk has not signed."""
    if not subject.config.clerk.webhook_secrets:
        return ok("Without CLERK_WEBHOOK_SECRET a session that ends lives until its token does.")
    sent = {"Content-Type": "application/json"}
    status = ask_public(subject, WEBHOOK, method="POST", headers=sent, body=b"{}").status
    if status == HTTPStatus.BAD_REQUEST:
        return ok("A webhook that Clerk has not signed is refused with 400.")
    return error(
        f"A webhook that Clerk has not signed is answered with {status}, not 400.",
        f"Let the proxy pass {WEBHOOK} on, and give the service CLERK_WEBHOOK_SECRET.",
    )


def _me(subject: Subject, token: str) -> int:
    if not token.isascii() or not token.isprintable():
        raise Undecided("CHECK_TOKEN is no token.", "A token is one line of ASCII.")
    return ask_public(subject, ME, headers={"Authorization": f"Bearer {token}"}).status


def _forge(subject: Subject) -> str:
    clerk = subject.config.clerk
    now = int(time.time())
    claims = {
        "iss": clerk.issuer,
        "sub": f"user_check{secrets.token_hex(8)}",
        "sid": f"sess_check{secrets.token_hex(8)}",
        "azp": min(clerk.authorized_parties, default=""),
        "iat": now,
        "nbf": now,
        "exp": now + min(LIFETIME, clerk.max_lifetime),
    }
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    return jwt.encode(claims, key, algorithm="RS256", headers=_kid(subject))


def _kid(subject: Subject) -> dict[str, str]:
    """Name a key that is there: one that is not would be refused for its name."""
    if not subject.config.clerk.jwks_url:
        return {}
    try:
        return {"kid": next(iter(_fetch(subject)))}
    except (DownloadFailed, ValueError, RecursionError):
        return {"kid": "ins_check"}


def _fetch(subject: Subject) -> Mapping[str, rsa.RSAPublicKey]:
    clerk = subject.config.clerk
    return Jwks(clerk.jwks_url or "", clerk.secret_key).fetch()
