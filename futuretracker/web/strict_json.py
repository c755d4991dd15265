"""What reading JSON strictly has in common for bodies of requests and for tokens."""

from __future__ import annotations


def refuse_constant(name: str) -> None:
    """Raise ValueError: Python reads ``NaN`` and ``Infinity``, which JSON does not have."""
    message = f"{name} is not JSON"
    raise ValueError(message)
