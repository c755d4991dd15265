"""Names that a subject has used: networks, providers, user agents, users."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import Final

DAY: Final = 1440  # minutes
EPOCH: Final = 1_577_836_800  # UNIX seconds of 2020; times are minutes since then


@lru_cache(maxsize=65536)
def short(name: str) -> str:
    """Return a checksum of a name, which takes less room and says less about people."""
    return f"{zlib.crc32(name.encode(errors='replace')) & 0xFFFFFF:x}"


class Familiar:
    """The last few names, each with the times of its first and last use."""

    __slots__ = ("size", "times")

    def __init__(self, size: int) -> None:
        self.size = size
        self.times: dict[str, tuple[int, int]] = {}

    def use(self, name: str, at: float) -> bool:
        """Note a use. Return whether the name is new."""
        minute = int(at - EPOCH) // 60
        if times := self.times.get(name):
            if minute > times[1]:
                self.times[name] = times[0], minute
            return False
        if len(self.times) >= self.size:
            self.drop()
        self.times[name] = minute, minute
        return True

    def age(self, name: str, at: float) -> float:
        """Return the seconds since the first use, 0 if there was none."""
        times = self.times.get(name)
        return max(0.0, at - EPOCH - 60 * times[0]) if times else 0.0

    def is_any_new(self, since: float) -> bool:
        """Return whether any of the names was first used since then."""
        minute = int(since - EPOCH) // 60
        return any(first >= minute for first, _ in self.times.values())

    def are_mixed(self, since: float) -> bool:
        """Return whether an older name is still used after names were added since then."""
        minute = int(since - EPOCH) // 60
        added = min((first for first, _ in self.times.values() if first >= minute), default=None)
        if added is None:
            return False
        return any(first < minute and last > added for first, last in self.times.values())

    def drop(self) -> None:
        """Forget one name: one used on one day only if possible, and of these the oldest.

        So an attacker with many networks does not make us forget those of the user.
        """
        if self.times:
            del self.times[min(self.times, key=self._worth)]

    def _worth(self, name: str) -> tuple[bool, int]:
        first, last = self.times[name]
        return last - first >= DAY, last

    def dump(self) -> str:
        """Return the names and times as text."""
        return "|".join(f"{name}~{a:x}~{b:x}" for name, (a, b) in self.times.items())

    def load(self, text: str) -> None:
        """Take the names and times that ``dump`` has written."""
        for part in text.split("|") if text else ():
            name, first, last = part.rsplit("~", 2)
            self.times[name] = int(first, 16), int(last, 16)
