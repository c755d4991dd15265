"""Somebody reads very much at a time of the day at which the user is never there.

It means that somebody in another time zone, or a program, uses the account. Honest explanations: a
user who travels and makes a backup, or who has written a first script late at night.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "night-export"
SEVERITY: Final[Severity] = "medium"
DAY: Final = 86400
PAGES: Final = 10  # of an hour
KILOBYTES: Final = 300  # of an hour: some hundreds of opportunities
FACTOR: Final = 1.5
RARE: Final = 0.06  # of the user's active hours; three hours are 12 % of a day


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if the volume and the time are both unusual."""
    seen, own = scene.seen, scene.own
    if not seen.pages or not seen.user or scene.within_hour("pages") < PAGES:
        return None
    if not scene.population.is_experienced(seen.at) or seen.at - own.first < DAY:
        return None
    if scene.share_of_time() >= RARE:
        return None
    if not scene.too_much("kilobytes", KILOBYTES, FACTOR):
        return None
    kilobytes, hour = round(scene.within_hour("kilobytes")), int(seen.at // 3600) % 24
    return scene.alarm(
        KIND,
        SEVERITY,
        f"{kilobytes} kB were read within an hour at {hour}:00 UTC, when the user is hardly ever"
        f" active. Usual are {scene.usual('kilobytes')} kB in an active hour.",
        strength=kilobytes,
        figures={"kilobytes": kilobytes, "hour": hour, "usual": scene.usual("kilobytes")},
        pattern=scene.family,
    )
