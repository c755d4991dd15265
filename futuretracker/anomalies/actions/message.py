"""The messages of the webhook: what they say about a finding, and their ids."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal

from futuretracker.telemetry.json_lines import timestamp

if TYPE_CHECKING:
    from futuretracker.anomalies.findings import Finding

FOUND: Final = "anomaly.found"
UNDONE: Final = "anomaly.undone"
Type = Literal["anomaly.found", "anomaly.undone"]


def message_id(finding_id: str, kind: Type) -> str:
    """Return the id of a message. It is the same at each attempt, so receivers can tell."""
    return f"{finding_id}_{kind.rpartition('.')[2]}"


def found(finding: Finding) -> str:
    """Return the message about a new finding: the fields of its line in the log."""
    return _text(FOUND, finding.last_seen, fields(finding))


def undone(body: str, at: float) -> str:
    """Return the message that takes back an earlier one, with the same fields."""
    return _text(UNDONE, at, json.loads(body)["data"])


def fields(finding: Finding) -> dict[str, Any]:
    """Return the fields of a finding in its line of type ANOMALY, and in the message."""
    return {
        "id": finding.id,
        "kind": finding.kind,
        "severity": finding.severity,
        "subject": finding.subject,
        "userId": finding.user or None,
        "reason": finding.reason,
        "figures": finding.figures,
        "firstSeen": timestamp(finding.first_seen),
        "lastSeen": timestamp(finding.last_seen),
        "suggestedAction": finding.action,
        "requestIds": list(finding.evidence),
    }


def _text(kind: Type, at: float, data: dict[str, Any]) -> str:
    message = {"type": kind, "timestamp": timestamp(at), "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
