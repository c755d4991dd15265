"""What a signature must cover and contain in this API."""

from __future__ import annotations

from typing import Final

TAG: Final = "futuretracker"
TOLERANCE: Final = 300  # seconds between the clocks of client and server, in both directions
REQUIRED_PARAMETERS: Final = frozenset({"created", "keyid", "nonce", "tag"})
OPTIONAL_PARAMETERS: Final = frozenset({"alg", "expires"})
COMPONENTS: Final = ("@method", "@authority", "@path", "@query")
BODY_COMPONENTS: Final = (*COMPONENTS, "content-type", "content-digest")


class BadSignature(Exception):
    """The signature is not accepted. ``reason`` is a code for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def accept_signature(*, has_body: bool) -> str:
    """Return the value of Accept-Signature, which says what to sign (RFC 9421, section 5.1)."""
    names = BODY_COMPONENTS if has_body else COMPONENTS
    covered = " ".join(f'"{name}"' for name in names)
    return f'sig=({covered});created;tag="{TAG}"'
