"""Run the detectors on each observation, and keep the profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futuretracker.anomalies.networks import block
from futuretracker.anomalies.profile import Profile

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from futuretracker.anomalies.alarms import Alarm
    from futuretracker.anomalies.observations import Observation


class Engine:
    """The detectors and their order."""

    def subjects(self, observation: Observation) -> list[str]:
        """Return the names of the profiles that ``observe`` reads and changes."""
        names = ["population"]
        if observation.user:
            names.append(f"user:{observation.user}")
        if observation.client.startswith("key:"):
            names.append(observation.client)
        if network := block(observation.address):
            names.append(f"network:{network}")
        if observation.webhooks:
            names.append("service")
        return names

    def observe(
        self, observation: Observation, profiles: MutableMapping[str, Profile]
    ) -> list[Alarm]:
        """Change the profiles, and return what is suspicious.

        ``profiles`` has those that ``subjects`` names, if they exist; missing ones are added.
        """
        for name in self.subjects(observation):
            profiles.setdefault(name, Profile())
        return []
