"""What a detector returns: one suspicion, its reason, and the evidence."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

EVIDENCE: Final = 20  # request ids of an alarm
SEVERITIES: Final = ("low", "medium", "high")

Severity = Literal["low", "medium", "high"]
Action = Literal["revoke-session", "suspend-key", "lower-limit", "none"]


class Alarm(NamedTuple):
    """A suspicion of a detector."""

    kind: str  # "mass-delete"
    severity: Severity
    subject: str  # "user:user_x", "session:sess_x", "key:<id>", "network:203.0.113.0/24", "service"
    user: str  # Clerk's user id, or ""
    reason: str  # plain English with the figures
    figures: dict[str, float | int | str]
    evidence: tuple[str, ...]  # request ids, at most 20
    first_seen: float  # UNIX seconds
    last_seen: float  # UNIX seconds
    pattern: str = ""  # what makes it the same thing again: the network, the agent; "" if nothing
    strength: float = 1.0  # a dismissed pattern covers alarms up to twice this strength
    action: Action = "none"  # what we suggest
