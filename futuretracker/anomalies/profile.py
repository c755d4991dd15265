"""What is usual for a user, a session, an API key or a network."""

from __future__ import annotations

import json
from typing import Self


class Profile:
    """The baselines and the recent past of one subject."""

    def __init__(self) -> None:
        self.newest = 0.0

    def dump(self) -> str:
        """Return the profile as JSON of at most 2 kB."""
        return json.dumps({"n": self.newest})

    @classmethod
    def load(cls, text: str) -> Self:
        """Return the profile that ``dump`` has written."""
        profile = cls()
        profile.newest = float(json.loads(text)["n"])
        return profile
