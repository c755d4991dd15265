"""Readers of the settings that hold keys of age (https://age-encryption.org)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marshmallow import ValidationError
from pyrage import IdentityError, RecipientError
from pyrage.x25519 import Identity, Recipient

if TYPE_CHECKING:
    from environs import Env


def read_recipients(env: Env) -> tuple[Recipient, ...]:
    """Read for whom backups are encrypted: a comma list of public keys."""

    def check(text: str) -> None:
        try:
            _recipients(text)
        except RecipientError:
            # Not the text: who mistakes the two may have given the secret one.
            raise ValidationError("is no age public key (age1...), or comma list of them") from None

    text = env.str("BACKUP_AGE_RECIPIENT", "", validate=check)
    return _recipients(text) if text else ()


def _recipients(text: str) -> tuple[Recipient, ...]:
    return tuple(Recipient.from_str(part.strip()) for part in text.split(",") if part.strip())


def read_identities(env: Env) -> tuple[Identity, ...]:
    """Read what opens encrypted backups: lines as age-keygen writes them."""

    def check(text: str) -> None:
        try:
            found = _identities(text)
        except IdentityError:
            found = ()
        if text and not found:
            raise ValidationError("is no age identity, as age-keygen writes it")

    text = env.str("BACKUP_AGE_IDENTITY", "", validate=check)
    return _identities(text) if text else ()


def _identities(text: str) -> tuple[Identity, ...]:
    lines = (line.strip() for line in text.splitlines())
    return tuple(Identity.from_str(line) for line in lines if line and not line.startswith("#"))
