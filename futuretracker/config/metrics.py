"""Settings of /metrics: where it is served, and to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from marshmallow import ValidationError
from marshmallow.validate import Range

if TYPE_CHECKING:
    from environs import Env

BACKUPS = "/var/lib/futuretracker-backup"  # StateDirectory= of the backup's unit
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{32,512}").fullmatch  # a bearer token, RFC 6750


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """A port of its own on loopback, a token for the ordinary one, either, both or none.

    ``backups`` is the folder whose ``status.json`` tells of backups.
    """

    port: int | None
    token: str | None = field(repr=False)
    backups: Path


def read_metrics(env: Env, api_port: int | None) -> MetricsSettings:
    """Read them; ``api_port`` is taken."""

    def check_port(port: int) -> None:
        Range(0, 65535)(port)
        if port and port == api_port:
            raise ValidationError("must be another one than PORT")

    def check_token(text: str) -> None:
        if text and not _TOKEN(text):
            raise ValidationError("must be 32 to 512 letters, digits and ._~+/=-")

    port = env.int("METRICS_PORT", 0, validate=check_port)
    token = env.str("METRICS_TOKEN", "", validate=check_token)
    return MetricsSettings(port=port or None, token=token or None, backups=read_backups(env))


def read_backups(env: Env) -> Path:
    """Read where backups lie: who makes them and who watches them look at the same folder."""
    return Path(env.str("BACKUP_DIRECTORY", "") or BACKUPS)
