"""An API key that was used from few networks is suddenly used from many.

It means that the key has become public, for example in a repository. Honest explanation: the script
has moved to a cloud, where each run has another address. Then its old network is quiet, and we wait
for more networks before we say anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "leaked-key"
SEVERITY: Final[Severity] = "high"
DAY: Final = 86400
HOURLY: Final = 3  # new networks within an hour
DAILY: Final = 5  # new networks within two days
FACTOR: Final = 3
MOVED: Final = 3  # times as many networks are usual after the script has moved


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if the key has appeared in too many new networks."""
    own, at = scene.own, scene.seen.at
    if not scene.is_key or not scene.block or not own.is_experienced(at):
        return None
    hourly = scene.within_hour("networks")
    daily = sum(day[3] for day in own.days.days[-2:] if day[0] >= at // DAY - 1)
    times = 1 if scene.has_new_agent() or own.blocks.are_mixed(at - DAY) else MOVED
    if not (
        hourly >= times * own.limit("networks", HOURLY, FACTOR, scene.population)
        or daily >= times * own.limit("networks a day", DAILY, FACTOR, scene.population)
    ):
        return None
    return scene.alarm(
        KIND,
        SEVERITY,
        f"The API key was used from {daily} new networks within two days, most lately"
        f" {scene.block} with {scene.family}."
        f" Usual are {scene.usual('networks a day')} on a day with new ones.",
        strength=daily,
        figures={"networks": daily, "network": scene.block, "agent": scene.family},
        seconds=DAY,
        pattern=scene.family,
    )
