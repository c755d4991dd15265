"""Which session, API key or user an action is about, and how people read that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from futuretracker.anomalies.findings import Finding

SLOWED: Final = 86_400  # seconds that a user has the lower rate limit
# What an action needs, if the finding is not about it.
LACKS: Final = {
    "revoke-session": "the finding is not about a session",
    "suspend-key": "the finding is not about an API key",
    "lower-limit": "the finding is not about a user",
}
DONE: Final = {
    "revoke-session": "revoked the {}: its present tokens are refused",
    "suspend-key": "suspended the {}",
    "lower-limit": "lowered the rate limit of the {} for a day",
    "webhook": "sent the webhook about the {}",
}
UNDONE: Final = {
    "revoke-session": "the {} is no longer revoked",
    "suspend-key": "the {} works again",
    "lower-limit": "the {} has the usual rate limit again",
    "webhook": "told the webhook that the alarm about the {} is taken back",
}
KEPT: Final = {
    "revoke-session": "the {} stays revoked, because something else has revoked it too",
    "suspend-key": "the {} stays suspended, because of another finding",
    "lower-limit": "the rate limit of the {} stays lower, because of another finding",
}
GONE: Final = {
    "suspend-key": "there is no {} any more",
    "lower-limit": "there is no {} here any more",
}


def target(action: str, finding: Finding) -> str | None:
    """Return the subject that an action changes, such as ``key:<id>``; None if there is none."""
    kind, _, name = finding.subject.partition(":")
    if action == "webhook":
        return finding.subject
    if action == "lower-limit":
        return f"user:{finding.user}" if finding.user else None
    if action == "suspend-key":
        if kind == "session" and name.startswith("key_"):
            return f"key:{name.removeprefix('key_')}"
        return finding.subject if kind == "key" else None
    return finding.subject if kind == "session" and name.startswith("sess_") else None


def readable(subject: str) -> str:
    """Return a subject as it stands in a sentence: ``API key 4fYq8ZtT2bNc``."""
    kind, _, name = subject.partition(":")
    return f"{'API key' if kind == 'key' else kind} {name}".strip()
