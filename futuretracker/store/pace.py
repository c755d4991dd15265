"""Notice that the shared store is distant: it responds, but each request waits for it."""

from __future__ import annotations

import logging

from futuretracker.telemetry import metrics

log = logging.getLogger(__name__)


class Pace:
    """The mean duration of visits, second by second. ``sample`` is called once a second."""

    DISTANT = 0.01  # seconds
    MAX_DISTANT = 10  # seconds in a row with such a mean

    def __init__(self) -> None:
        self._visits = 0
        self._duration = 0.0
        self._distant = 0
        self._has_warned = False

    def note(self, duration: float) -> None:
        """Add a visit. Threads may overwrite each other's, which hardly changes the mean."""
        self._visits += 1
        self._duration += duration

    def sample(self) -> None:
        """Update the metric; log a warning when the store becomes distant, or near again."""
        if not self._visits:
            return
        mean = self._duration / self._visits
        self._visits, self._duration = 0, 0.0
        metrics.store_visit.set(mean)
        self._distant = self._distant + 1 if mean >= self.DISTANT else 0
        if self._distant >= self.MAX_DISTANT and not self._has_warned:
            self._has_warned = True
            log.warning(
                "shared store is distant, each request waits for it",
                extra={"cause": f"{mean * 1000:.0f} ms a visit"},
            )
        elif self._has_warned and not self._distant:
            self._has_warned = False
            log.warning("shared store is near again")
