"""``watch`` with detectors that only add up, so that a test can compare sums."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Self

from futuretracker.anomalies import evaluation, watch
from futuretracker.commands import PROGRAM
from futuretracker.commands.start import start

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from futuretracker.anomalies.alarms import Alarm
    from futuretracker.anomalies.observations import Observation

COUNTED = ("requests", "writes", "deletes", "failures", "webhooks")


class Sums:
    """The sums of a user."""

    late = 0

    def __init__(self) -> None:
        self.sums = dict.fromkeys(COUNTED, 0)

    def dump(self) -> str:
        return json.dumps(self.sums)

    @classmethod
    def load(cls, text: str) -> Self:
        loaded = cls()
        loaded.sums = json.loads(text)
        return loaded


class Adding:
    """An engine without detectors."""

    def subjects(self, observation: Observation) -> list[str]:
        return [f"user:{observation.user}"] if observation.user else ["service"]

    def observe(self, observation: Observation, profiles: MutableMapping[str, Any]) -> list[Alarm]:
        for subject in self.subjects(observation):
            sums = profiles.setdefault(subject, Sums()).sums
            for name in COUNTED:
                sums[name] += getattr(observation, name)
        return []


if __name__ == "__main__":
    vars(evaluation)["Profile"] = Sums
    vars(watch)["Engine"] = Adding
    watch.LEASE = float(os.environ.get("LEASE", "1"))
    sys.exit(start(PROGRAM))
