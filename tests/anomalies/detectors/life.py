from __future__ import annotations

from typing import TYPE_CHECKING, Any

from futuretracker.anomalies.engine import Engine
from futuretracker.anomalies.observations import Observation
from futuretracker.anomalies.profile import Profile

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm

START = 1_790_553_600.0  # Monday, 2026-09-28, 00:00 UTC
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"
HOME, MOBILE, CAFE, PROXY = "20.1.1.5", "30.2.2.5", "40.3.3.5", "50.4.4.5"
# Seconds between two deletes. The person looks at each opportunity before the delete.
PAUSES = (20, 90, 25, 31, 240, 16, 44, 60, 18, 33, 27, 75, 12, 50, 22)


class Life:
    """A user with a habit, whom the engine has watched for some weeks."""

    def __init__(self, weeks: int = 3) -> None:
        self.engine = Engine()
        self.profiles: dict[str, Profile] = {}
        self.number = 0
        self.at = START
        self.alarms: list[Alarm] = []
        for _ in range(7 * weeks):
            for hour in (10, 15, 20):
                self.visit(self.at + hour * HOUR)
            self.at += DAY
        assert self.alarms == []

    def visit(self, at: float, **given: Any) -> None:
        for step in range(4):
            self.see(at + 30 * step, reads=4, pages=1, ids=2, bytes=12_000, **given)

    def see(self, at: float, **given: Any) -> list[Alarm]:
        """Observe the user's laptop at home, if nothing else is said."""
        self.number += 1
        usual: dict[str, Any] = {
            "until": at + 5,
            "user": "user_1",
            "session": "sess_laptop",
            "client": "web",
            "address": HOME,
            "agent": LINUX,
            "requests": max(1, given.get("reads", 0) + given.get("missing", 0)),
            "request_ids": (f"request-{self.number}",),
        }
        return self.observe(Observation(at, **(usual | given)))

    def change(self, at: float, **given: Any) -> list[Alarm]:
        """Observe rows of the audit table."""
        return self.see(at, session="", address="", agent="", requests=0, **given)

    def stranger(self, at: float, address: str = PROXY, **given: Any) -> list[Alarm]:
        """Observe somebody without an account."""
        nobody = {"user": "", "session": "", "client": "", "agent": "", "requests": 0}
        return self.see(at, address=address, **(nobody | given))

    def observe(self, observation: Observation) -> list[Alarm]:
        # Each observation is its own transaction: the profiles are stored and loaded.
        subjects = self.engine.subjects(observation)
        profiles = {
            name: Profile.load(self.profiles[name].dump())
            for name in subjects
            if name in self.profiles
        }
        found = self.engine.observe(observation, profiles)
        self.profiles |= profiles
        self.alarms += found
        return found

    def kinds(self) -> set[str]:
        return {alarm.kind for alarm in self.alarms}

    def first(self, kind: str) -> Alarm:
        return next(alarm for alarm in self.alarms if alarm.kind == kind)
