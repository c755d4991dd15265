"""The last request ids of a subject that a detector may ask about, each with its minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MINUTE: Final = 60
MOST: Final = 6  # request ids
LENGTH: Final = 36  # characters of an id
UNKNOWN: Final = 0  # the minute of an id that the previous release has stored


class Trail:
    """The request ids, the newest last, and the minutes of their observations."""

    __slots__ = ("ids", "minutes")

    def __init__(self, ids: Sequence[str] = (), minutes: Sequence[int] = ()) -> None:
        self.ids = list(ids)
        self.minutes = list(minutes) or [UNKNOWN] * len(self.ids)

    def add(self, request_ids: Sequence[str], at: float) -> None:
        """Add the ids of an observation, and forget the oldest."""
        self.ids = [*self.ids, *(i[:LENGTH] for i in request_ids)][-MOST:]
        self.minutes = [*self.minutes, *(int(at // MINUTE) for _ in request_ids)][-MOST:]

    def since(self, at: float) -> Iterator[str]:
        """Yield the ids that are not older than a time, the newest first."""
        for name, minute in zip(reversed(self.ids), reversed(self.minutes), strict=True):
            if minute >= at // MINUTE:
                yield name

    def shed(self) -> bool:
        """Forget the oldest id, or the minute of the only one; return whether there was one."""
        if len(self.ids) > 1:
            del self.ids[0], self.minutes[0]
        elif any(self.minutes):
            self.minutes = [UNKNOWN]
        else:
            return False
        return True

    def dump(self, newest: float) -> list[int]:
        """Return the minutes as distances from the newest observation; [] if none is known."""
        if not any(self.minutes):
            return []
        return [int(newest // MINUTE) - minute for minute in self.minutes]

    @classmethod
    def load(cls, ids: Sequence[str], distances: Sequence[int], newest: float) -> Trail:
        """Return the trail of these ids. The previous release stores no distances."""
        return cls(ids, [int(newest // MINUTE) - distance for distance in distances])
