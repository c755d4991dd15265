"""Which worlds the detectors may be tuned on, and which are only for the results."""

from __future__ import annotations

from typing import Final

TRAINING: Final = (11, 12, 13, 14)
HELD_OUT: Final = (101, 102, 103, 104)  # never look at single events of these worlds


def is_held_out(seed: int) -> bool:
    """Return whether a world has the behaviour and the attacks that no training world has."""
    return seed not in TRAINING
