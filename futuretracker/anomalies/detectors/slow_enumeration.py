"""Somebody asks for a few ids that do not exist, day after day.

It means that somebody guesses ids, slowly enough to stay below the limits. Honest explanation: a
script that keeps asking for opportunities that were deleted. Dismiss the finding, or repair it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from futuretracker.anomalies.profile import MISSING

if TYPE_CHECKING:
    from futuretracker.anomalies.alarms import Alarm, Severity
    from futuretracker.anomalies.scene import Scene

KIND: Final = "slow-enumeration"
SEVERITY: Final[Severity] = "medium"
FLOOR: Final = 80  # missing ids of a week
DAYS: Final = 3  # of the week
DAILY: Final = 8  # missing ids on each of them
FACTOR: Final = 2  # times the usual number of a day
SHARE: Final = 0.5  # of the ids asked for


def detect(scene: Scene) -> Alarm | None:
    """Return an alarm if too many ids are missing on several days of the last seven."""
    seen, own = scene.seen, scene.own
    if not seen.missing or not seen.user:
        return None
    days = [day for day in own.days.days if day[1] >= DAILY]
    missing = sum(day[1] for day in own.days.days)
    ids = sum(day[2] for day in own.days.days)
    graves = scene.person.graves if scene.person is not None else 0
    if not days or days[-1][0] != own.days.days[-1][0]:
        return None  # it has stopped
    if missing - graves < FLOOR or len(days) < DAYS or missing < SHARE * ids:
        return None
    if missing < len(days) * own.limit(MISSING, DAILY, FACTOR, scene.population):
        return None
    return scene.alarm(
        KIND,
        SEVERITY,
        f"{missing} requests on {len(days)} of the last 7 days asked for an id that does not exist,"
        f" of {ids} ids. Usual are {scene.usual(MISSING)} on a day with such requests.",
        strength=missing,
        figures={"missing": missing, "days": len(days), "ids": ids},
        seconds=7 * 86400,
        pattern=scene.family,
    )
