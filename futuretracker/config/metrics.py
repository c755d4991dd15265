"""Settings of /metrics: where it is served, and who may read it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from marshmallow import ValidationError

from futuretracker.config.table import SETTINGS

if TYPE_CHECKING:
    from futuretracker.config.environment import Environment

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{32,512}").fullmatch  # a bearer token, RFC 6750


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """A separate port on 127.0.0.1, a token for the API's port, both, or neither.

    ``backups`` is the folder of the ``status.json`` that backups write, ``audit`` that of the
    ``audit.json`` that ``audit prune`` writes, ``prune`` that of the ``prune.json`` that ``prune``
    writes, ``firewall`` that of the ``waf.json`` that ``waf-log`` writes, ``anomalies`` that of the
    ``anomalies.json`` that ``watch`` writes.
    """

    port: int | None
    token: str | None = field(repr=False)
    backups: Path
    audit: Path
    prune: Path
    firewall: Path
    anomalies: Path


def read_metrics(env: Environment, api_port: int | None) -> MetricsSettings:
    """Read the settings; the port has to differ from ``api_port``."""
    port = env.number("METRICS_PORT", 0, 65535)
    if port and port == api_port:
        env.problem("METRICS_PORT", "must differ from PORT")
    token = env.text("METRICS_TOKEN", _check_token)
    return MetricsSettings(
        port=port or None,
        token=token or None,
        backups=read_backup_directory(env),
        audit=read_audit_directory(env),
        prune=read_prune_directory(env),
        firewall=read_firewall_directory(env),
        anomalies=read_anomaly_directory(env),
    )


def read_backup_directory(env: Environment) -> Path:
    """Read the folder of backups, which backups, /metrics and ``check`` share."""
    return Path(env.text("BACKUP_DIRECTORY") or SETTINGS["BACKUP_DIRECTORY"].default)


def read_audit_directory(env: Environment) -> Path:
    """Read the folder of ``audit.json``, which ``audit prune`` and /metrics share."""
    return Path(env.text("AUDIT_DIRECTORY") or SETTINGS["AUDIT_DIRECTORY"].default)


def read_prune_directory(env: Environment) -> Path:
    """Read the folder of ``prune.json``, which ``prune`` and /metrics share."""
    return Path(env.text("PRUNE_DIRECTORY") or SETTINGS["PRUNE_DIRECTORY"].default)


def read_firewall_directory(env: Environment) -> Path:
    """Read the folder of ``waf.json``, which ``waf-log`` and /metrics share."""
    return Path(env.text("WAF_DIRECTORY") or SETTINGS["WAF_DIRECTORY"].default)


def read_anomaly_directory(env: Environment) -> Path:
    """Read the folder of ``anomalies.json``, which ``watch``, /metrics and ``check`` share."""
    return Path(env.text("ANOMALY_DIRECTORY") or SETTINGS["ANOMALY_DIRECTORY"].default)


def _check_token(text: str) -> None:
    if text and not _TOKEN(text):
        raise ValidationError("must be 32 to 512 letters, digits and ._~+/=-")
