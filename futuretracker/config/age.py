"""Settings that hold keys of age (https://age-encryption.org)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marshmallow import ValidationError
from pyrage import IdentityError, RecipientError
from pyrage.x25519 import Identity, Recipient

from futuretracker.config.urls import split

if TYPE_CHECKING:
    from futuretracker.config.environment import Environment


def read_recipients(env: Environment) -> tuple[Recipient, ...]:
    """Read the public keys that backups are encrypted for; none if they are not encrypted."""

    def check(text: str) -> None:
        try:
            _recipients(text)
        except RecipientError:
            # Do not quote the text: it may be the secret key, set by mistake.
            raise ValidationError(
                "must be an age public key (age1...), or a comma-separated list of them"
            ) from None

    return _recipients(env.text("BACKUP_AGE_RECIPIENT", check))


def _recipients(text: str) -> tuple[Recipient, ...]:
    return tuple(Recipient.from_str(part) for part in split(text))


def read_identities(env: Environment) -> tuple[Identity, ...]:
    """Read the keys that decrypt backups, in the format of age-keygen's file."""

    def check(text: str) -> None:
        try:
            found = _identities(text)
        except IdentityError:
            found = ()
        if text and not found:
            raise ValidationError("must be an age identity, as age-keygen writes it")

    return _identities(env.text("BACKUP_AGE_IDENTITY", check))


def _identities(text: str) -> tuple[Identity, ...]:
    lines = (line.strip() for line in text.splitlines())
    return tuple(Identity.from_str(line) for line in lines if line and not line.startswith("#"))
