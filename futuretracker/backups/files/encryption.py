"""Encrypt and decrypt backups with age (https://age-encryption.org/v1)."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, BinaryIO

import pyrage

from futuretracker.backups.interrupts import stopped
from futuretracker.backups.problem import BackupProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyrage.x25519 import Identity, Recipient

    from futuretracker.backups.files.streams import Sink

MAGIC = b"age-encryption.org/v1"
CHUNK = 2**20  # bytes


def encrypt(source: BinaryIO, sink: Sink, recipients: Sequence[Recipient]) -> None:
    """Copy ``source``, encrypted unless ``recipients`` is empty. Memory use is constant."""
    if not recipients:
        shutil.copyfileobj(source, sink, CHUNK)
        return
    try:
        pyrage.encrypt_io(source, sink, recipients)
    except (pyrage.EncryptError, OSError) as error:
        raise stopped() or sink.failure or error from error


def decrypt(source: BinaryIO, sink: Sink, identities: Sequence[Identity], name: str) -> None:
    """Copy ``source``, decrypted if it is encrypted. Memory use is constant.

    Raise BackupProblem if no identity decrypts it. If a signal or an error of the sink has ended
    the copy, raise that.
    """
    encrypted = source.read(len(MAGIC)) == MAGIC
    source.seek(0)
    if not encrypted:
        shutil.copyfileobj(source, sink, CHUNK)
        return
    if not identities:
        raise BackupProblem(
            f"{name} is encrypted: set BACKUP_AGE_IDENTITY_FILE to the file with its identity."
        )
    try:
        pyrage.decrypt_io(source, sink, identities)
    except (pyrage.DecryptError, OSError) as error:
        if failure := stopped() or sink.failure:
            raise failure from error
        raise BackupProblem(f"BACKUP_AGE_IDENTITY does not decrypt {name}: {error}.") from error
